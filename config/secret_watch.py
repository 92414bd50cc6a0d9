"""Takes over what is upstream of the database's Secret: first tried at the database, then live, then in the pods that read it.

The candidate Secret follows upstream. Where it differs from the live one, the database is asked whether it lets Bots in with it; if
so, the live ExternalSecret is told to look upstream, too. Pods that started before the live Secret changed have read what it was
before: their Deployments are rolled, one after the other, each ready before the next. Pods of CronJobs read it at their next run.

usage: python secret_watch.py PLAN
PLAN is JSON: the namespace, the names of the candidate and of the live Secret, which are their ExternalSecrets' too, and the
Deployments in order. It runs in a pod that may get those Secrets, get and patch those ExternalSecrets and Deployments, list pods
and create events; in any image with Python 3.9, beside the /config of the services.
"""

import base64
import json
import os
import pathlib
import signal
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from calendar import timegm

PERIOD = 5  # seconds between two looks
TRY_AGAIN = 60  # seconds until the database is asked anew about what it has refused
PATIENCE = 12  # looks in vain after which the process ends, for Kubernetes to show that it does not work
ANSWERED = pathlib.Path("/tmp/answered")  # there once a look has succeeded: the pod is ready then
ACCOUNT = pathlib.Path("/var/run/secrets/kubernetes.io/serviceaccount")
SECRETS = "/apis/external-secrets.io/v1", "externalsecrets"
DEPLOYMENTS = "/apis/apps/v1", "deployments"
NAME = "bots-secret-watch"
TOLD = "bots-edi/candidate"  # annotation of the live ExternalSecret: the candidate that it is to take over
READ = "bots-edi/database-secret"  # annotation of pods: the version of the live Secret that they were rolled for
KEYS = "DB_NAME", "DB_USER", "DB_PASSWORD", "DB_HOST", "DB_PORT", "DJANGO_SECRET_KEY"
LOG_IN = [sys.executable, "/config/migrations.py"]


def say(message):
    """Writes one line."""
    print("Secret watch:", " ".join(message.split()), flush=True)


def seconds(timestamp):
    """Returns the epoch's seconds of a time as the API writes it."""
    return timegm(time.strptime(timestamp, "%Y-%m-%dT%H:%M:%SZ"))


class Cluster:
    """The API of the cluster that the pod runs in, as far as it is needed."""

    def __init__(self, namespace):
        host = os.environ["KUBERNETES_SERVICE_HOST"]
        self.server = f"https://{f'[{host}]' if ':' in host else host}:{os.environ['KUBERNETES_SERVICE_PORT']}"
        self.namespace = namespace
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=str(ACCOUNT / "ca.crt"))),
        )

    def ask(self, method, group, what, body=None, kind="application/json"):
        """Returns the answer to a request on the namespace's objects."""
        # Read each time: the token is renewed.
        headers = {"Authorization": f"Bearer {(ACCOUNT / 'token').read_text()}", "Content-Type": kind}
        url = f"{self.server}{group}/namespaces/{self.namespace}/{what}"
        data = None if body is None else json.dumps(body).encode()
        with self.opener.open(urllib.request.Request(url, data, headers, method=method), timeout=10) as answer:
            return json.load(answer)

    def get(self, kind, name):
        """Returns an object."""
        group, plural = kind
        return self.ask("GET", group, f"{plural}/{name}")

    def patch(self, kind, name, body):
        """Changes an object; an error where it is of another version than the one that the body names."""
        group, plural = kind
        self.ask("PATCH", group, f"{plural}/{name}?fieldManager={NAME}", body, "application/merge-patch+json")

    def pods(self, deployment):
        """Returns the pods of a Deployment that are not being deleted."""
        selector = ",".join(f"{key}={value}" for key, value in deployment["spec"]["selector"]["matchLabels"].items())
        found = self.ask("GET", "/api/v1", f"pods?labelSelector={urllib.parse.quote(selector)}")["items"]
        return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]

    def tell(self, thing, what, reason, message):
        """Makes an event on an ExternalSecret, and writes it down: once for each `what`."""
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        name = thing["metadata"]["name"]
        subject = {"apiVersion": thing["apiVersion"], "kind": thing["kind"], "namespace": self.namespace, "name": name}
        event = {
            "metadata": {"name": f"{name}.{what}"},
            "involvedObject": {**subject, "uid": thing["metadata"]["uid"]},
            "type": "Warning",
            "reason": reason,
            "message": message[:1024],
            "source": {"component": NAME},
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
        }
        try:
            self.ask("POST", "/api/v1", "events", event)
        except urllib.error.HTTPError as error:
            if error.code != 409:
                raise
        else:
            say(message)


def version(secret):
    """Returns what is another one after each change of a Secret, and tells nothing of what it holds."""
    return f"{secret['metadata']['uid']}.{secret['metadata']['resourceVersion']}"


def changed(secret):
    """Returns when a Secret was changed last."""
    metadata = secret["metadata"]
    times = [field["time"] for field in metadata.get("managedFields", []) if "time" in field]
    return max(seconds(time) for time in [metadata["creationTimestamp"], *times])


def values(secret):
    """Returns what a Secret holds."""
    return {key: base64.b64decode(value).decode() for key, value in secret.get("data", {}).items()}


def refusal(credentials):
    """Returns why Bots cannot work with these credentials, or None where it can."""
    absent = [key for key in KEYS if not credentials.get(key)]
    if absent:
        return f"it lacks {', '.join(absent)}"
    try:
        run = subprocess.run(
            LOG_IN, env={**os.environ, **credentials}, capture_output=True, text=True, timeout=60, check=False
        )
    except subprocess.TimeoutExpired:
        return "the database does not answer"
    if run.returncode == 0:
        return None
    said = run.stderr.strip().splitlines() or [f"exit code {run.returncode}"]
    return f"with it: {said[-1]}"


def is_rolled_out(deployment):
    """Returns whether all of a Deployment's pods are of its newest template, and ready."""
    spec, status = deployment["spec"], deployment["status"]
    if status.get("observedGeneration", 0) < deployment["metadata"]["generation"]:
        return False
    counts = [status.get(count, 0) for count in ("replicas", "updatedReplicas", "availableReplicas")]
    return counts == [spec["replicas"]] * 3


class Watch:
    """Looks at the Secrets, again and again."""

    def __init__(self, plan, cluster, refusal=refusal):
        self.plan, self.cluster, self.refusal = plan, cluster, refusal
        self.refused = None  # the candidate that was refused, and when

    def look(self, now):
        """Looks once: takes over what is new, and rolls what has read something older."""
        candidate = self.cluster.get(("/api/v1", "secrets"), self.plan["candidate"])
        live = self.cluster.get(("/api/v1", "secrets"), self.plan["live"])
        if candidate.get("data") != live.get("data"):
            self.consider(candidate, now)
        for name in self.plan["deployments"]:
            # Where one does not become ready, the others stay as they are.
            if not self.follows(name, live):
                break

    def consider(self, candidate, now):
        """Has the live ExternalSecret take a candidate over, if the database lets Bots in with it."""
        new = version(candidate)
        if self.refused and self.refused[0] == new and now - self.refused[1] < TRY_AGAIN:
            return
        external = self.cluster.get(SECRETS, self.plan["live"])
        if external["metadata"].get("annotations", {}).get(TOLD) == new:
            return
        why = self.refusal(values(candidate))
        if why:
            self.refused = (new, now)
            source = self.cluster.get(SECRETS, self.plan["candidate"])
            message = f"{self.plan['live']} stays as it is, since what came from upstream cannot be used: {why}"
            self.cluster.tell(source, candidate["metadata"]["resourceVersion"], "SecretRefused", message)
            return
        self.cluster.patch(SECRETS, self.plan["live"], {"metadata": {"annotations": {TOLD: new}}})
        say(f"{self.plan['live']} takes over what came from upstream: the database lets Bots in with it")

    def follows(self, name, live):
        """Returns whether all pods of a Deployment have read the live Secret as it is; rolls it where they have not."""
        deployment = self.cluster.get(DEPLOYMENTS, name)
        template = deployment["spec"]["template"]
        is_told = template["metadata"].get("annotations", {}).get(READ) == version(live)
        if not is_told and any(is_older(pod, changed(live)) for pod in self.cluster.pods(deployment)):
            annotations = {"annotations": {READ: version(live)}}
            self.cluster.patch(
                DEPLOYMENTS,
                name,
                {
                    "metadata": {"resourceVersion": deployment["metadata"]["resourceVersion"]},
                    "spec": {"template": {"metadata": annotations}},
                },
            )
            say(f"{name} starts anew with what {self.plan['live']} holds now")
            return False
        return is_rolled_out(deployment)


def is_older(pod, when):
    """Returns whether a pod may have read what a Secret held before that second. Its init container takes longer than one."""
    return seconds(pod["metadata"]["creationTimestamp"]) < when


def explained(error):
    """Returns what went wrong, with what the API says about it."""
    said = error.read().decode(errors="replace") if isinstance(error, urllib.error.HTTPError) else ""
    try:
        return f"{error}: {json.loads(said)['message']}"
    except (ValueError, KeyError, TypeError):
        return str(error)


def main(plan):
    """Looks until the pod ends, or the cluster does not answer."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    ANSWERED.unlink(missing_ok=True)
    cluster = Cluster(plan["namespace"])
    watch = Watch(plan, cluster)
    in_vain = 0
    while in_vain < PATIENCE:
        try:
            watch.look(time.time())
        except OSError as error:  # the network, TLS and HTTP
            in_vain += 1
            say(f"no look at the Secrets at {cluster.server}: {explained(error)}")
        else:
            in_vain = 0
            ANSWERED.touch()
        time.sleep(PERIOD)
    say("ends, to be started again. A network policy in the way? networkPolicy.apiServerPorts lists the ports of the API server")
    sys.exit(1)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
