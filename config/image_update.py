"""Rolls a pushed image out, in the pod that initialises the database with it: python image_update.py check|roll-out PLAN

check, before db-init: exit code 0 where the image is one to roll out, and 3 where nothing is to be done: its version is outside
of the stack's range, a workload runs a newer one, or all run it.
roll-out, after db-init: sets the image of each workload that runs an older one, in order; a Deployment has to be ready with it
before the next workload is touched.

PLAN is JSON: the namespace, the workloads in order, each an API path such as apis/apps/v1, a kind and a name, and the range of
versions, such as ">=4.0 <5". From the environment: IMAGE, the whole reference. It runs in a pod that may get and patch those
workloads and list Jobs, in any image with Python 3.9. Whatever it does or leaves is told in one line, the log's last.
"""

import json
import os
import pathlib
import re
import ssl
import sys
import time
import urllib.error
import urllib.request

ACCOUNT = pathlib.Path("/var/run/secrets/kubernetes.io/serviceaccount")
NAME = "bots-image-update"  # the API's records of who set a field
NOTHING_TO_DO = 3
PAUSE = 1  # seconds between two looks at a roll-out
PATIENCE = 60  # seconds for which the API may be away
COMPARISONS = {
    ">=": lambda one, other: one >= other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    "<": lambda one, other: one < other,
    "=": lambda one, other: one == other,
}


def version(tag):
    """Returns the numbers of a released version, those that it lacks as 0; None for any other tag."""
    match = re.fullmatch(r"v?(\d+)\.(\d+)(?:\.(\d+))?", tag)
    return match and tuple(int(number or 0) for number in match.groups())


def fits(numbers, versions):
    """Returns whether a version is in a range: one that all of its comparisons hold for."""
    for comparison in versions.split():
        operator, *limit = re.fullmatch(r"([<>]=?|=)v?(\d+)(?:\.(\d+))?(?:\.(\d+))?", comparison).groups()
        if not COMPARISONS[operator](numbers, tuple(int(number or 0) for number in limit)):
            return False
    return True


def split(image):
    """Returns repository and tag of a reference; its digest tells nothing here."""
    repository, _, tag = image.partition("@")[0].rpartition(":")
    return repository, tag


class Cluster:
    """The API of the cluster that the pod runs in."""

    def __init__(self, namespace):
        host = os.environ["KUBERNETES_SERVICE_HOST"]
        self.server = f"https://{f'[{host}]' if ':' in host else host}:{os.environ['KUBERNETES_SERVICE_PORT']}"
        self.namespace = namespace
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=str(ACCOUNT / "ca.crt"))),
        )

    def ask(self, method, api, what, body=None):
        """Returns the answer to a request on the namespace's objects; waits for an API that is away, or not yet to be reached."""
        headers = {
            "Authorization": f"Bearer {(ACCOUNT / 'token').read_text()}",
            "Content-Type": "application/strategic-merge-patch+json",
        }
        data = None if body is None else json.dumps(body).encode()
        url = f"{self.server}/{api}/namespaces/{self.namespace}/{what}"
        request = urllib.request.Request(url, data, headers, method=method)
        end = time.monotonic() + PATIENCE
        while True:
            try:
                with self.opener.open(request, timeout=10) as answer:
                    return json.load(answer)
            except urllib.error.HTTPError as error:
                if error.code < 500 or time.monotonic() > end:
                    raise
            except OSError:
                if time.monotonic() > end:
                    raise
            time.sleep(PAUSE)

    def get(self, workload):
        """Returns a workload."""
        return self.ask("GET", workload["api"], f"{workload['kind']}/{workload['name']}")

    def patch(self, workload, body):
        """Changes a workload."""
        self.ask("PATCH", workload["api"], f"{workload['kind']}/{workload['name']}?fieldManager={NAME}", body)

    def initialisers(self):
        """Returns the Jobs that initialise the database, or did."""
        return self.ask("GET", "apis/batch/v1", "jobs?labelSelector=component%20in%20(init,updater)")["items"]


def pod_spec(found):
    """Returns the pod's specification in a Deployment or a CronJob."""
    return found["spec"].get("jobTemplate", found)["spec"]["template"]["spec"]


def running_version(found):
    """Returns the version that a workload runs; less than any where its tag is none."""
    return version(split(pod_spec(found)["containers"][0]["image"])[1]) or (0,)


def older_containers(found, image):
    """Returns those of a workload's containers, by their list, that run an older image of the same repository."""
    repository, tag = split(image)
    wanted = version(tag)

    def is_older(container):
        other_repository, other_tag = split(container["image"])
        return other_repository == repository and (version(other_tag) or (0,)) < wanted

    pod = pod_spec(found)
    return {
        kind: names
        for kind in ("containers", "initContainers")
        if (names := [container["name"] for container in pod.get(kind, []) if is_older(container)])
    }


def patch_of(found, older, image):
    """Returns what sets the image of those containers; refused by the API where the workload has changed since it was read."""
    spec = {kind: [{"name": name, "image": image} for name in names] for kind, names in older.items()}
    template = {"spec": {"template": {"spec": spec}}}
    is_cron_job = "jobTemplate" in found["spec"]
    return {
        "metadata": {"resourceVersion": found["metadata"]["resourceVersion"]},
        **({"spec": {"jobTemplate": template}} if is_cron_job else template),
    }


def obstacle(deployment):
    """Returns why a Deployment has given up, or None where it has not."""
    for condition in deployment["status"].get("conditions", []):
        if condition.get("reason") == "ProgressDeadlineExceeded" or condition["type"] == "ReplicaFailure":
            return condition.get("message", condition["type"])
    return None


def is_rolled_out(deployment):
    """Returns whether all of a Deployment's pods are of its newest template, and ready."""
    spec, status = deployment["spec"], deployment["status"]
    if status.get("observedGeneration", 0) < deployment["metadata"]["generation"]:
        return False
    counts = [status.get(count, 0) for count in ("replicas", "updatedReplicas", "availableReplicas")]
    return counts == [spec["replicas"]] * 3


def set_image(cluster, workload, image):
    """Sets the image of a workload that runs an older one. Returns whether it did."""
    while True:
        found = cluster.get(workload)
        older = older_containers(found, image)
        if not older:
            return False
        try:
            cluster.patch(workload, patch_of(found, older, image))
        except urllib.error.HTTPError as error:
            if error.code != 409:  # somebody else has changed it since: it is looked at anew
                raise
        else:
            return True


def wait_until_ready(cluster, workload):
    """Waits until a Deployment is rolled out; ends the process where it gives up."""
    while not is_rolled_out(found := cluster.get(workload)):
        if found["status"].get("observedGeneration") == found["metadata"]["generation"] and (why := obstacle(found)):
            name = workload["name"]
            sys.exit(f"{os.environ['IMAGE']} does not become ready in {name}, what comes after it stays as it is: {why}")
        time.sleep(PAUSE)


def has_ended(job):
    """Returns whether a Job is complete or has failed."""
    ends = ("Complete", "Failed")
    return any(one["type"] in ends and one["status"] == "True" for one in job["status"].get("conditions", []))


def wait_for_turn(cluster):
    """Waits until no Job that came earlier initialises the database any more: pushed images do it one after the other."""
    own = os.environ["HOSTNAME"].rpartition("-")[0]
    told = None
    while True:
        found = cluster.initialisers()
        jobs = sorted((job["metadata"]["creationTimestamp"], job["metadata"]["name"], has_ended(job)) for job in found)
        earlier = jobs[: next((index for index, (_, name, _) in enumerate(jobs) if name == own), 0)]
        at_work = [name for _, name, ended in earlier if not ended]
        if not at_work:
            return
        if told != at_work:
            told = at_work
            say(f"waiting for {', '.join(at_work)}")
        time.sleep(PAUSE)


def check(cluster, plan, image):
    """Ends the process where nothing is to be done, and says why; else waits until it may be done."""
    _, tag = split(image)
    numbers = version(tag)
    if numbers is None or not fits(numbers, plan["versions"]):
        say(f"{image} is not rolled out: the stack takes {plan['versions']}")
        sys.exit(NOTHING_TO_DO)
    wait_for_turn(cluster)
    running = {workload["name"]: running_version(cluster.get(workload)) for workload in plan["workloads"]}
    first = max(running, key=running.get)
    if running[first] > numbers or min(running.values()) == numbers:
        say(f"{image} is not rolled out: {first} runs {'.'.join(map(str, running[first]))}")
        sys.exit(NOTHING_TO_DO)


def roll_out(cluster, plan, image):
    """Sets the image, workload by workload."""
    done = []
    for workload in plan["workloads"]:
        if set_image(cluster, workload, image):
            done.append(workload["name"])
        if workload["kind"] == "deployments":
            wait_until_ready(cluster, workload)
    say(f"{image} is rolled out: {', '.join(done) or 'something newer has come meanwhile'}")


def say(message):
    """Writes one line."""
    print(message, flush=True)


def main(command, plan):
    """Does what is asked for, and ends the process where that fails."""
    plan = json.loads(plan)
    work = {"check": check, "roll-out": roll_out}[command]
    try:
        work(Cluster(plan["namespace"]), plan, os.environ["IMAGE"])
    except OSError as error:  # the network, TLS and HTTP
        sys.exit(f"{os.environ['IMAGE']} is not rolled out: the API server: {error}")


if __name__ == "__main__":
    main(*sys.argv[1:])
