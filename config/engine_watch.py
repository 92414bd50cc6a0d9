"""Watches the engine's Jobs and schedules for what Kubernetes lets pass.

A Job has no limit on the time until its pod starts. One that cannot, such as with an image that is not there, keeps every later run
of its schedule from starting, under Forbid, until the Job's deadline. And a CronJob's controller drops a run that is later than
startingDeadlineSeconds without a word. The first is ended here, by the Job's own deadline, so that it fails as any other; both are told
by events.

usage: python engine_watch.py PLAN
PLAN is JSON: the namespace, podStartSeconds and the schedules, each with cronJob, timeZone, startingDeadlineSeconds and, in parts,
schedule. It runs in a pod that may list and patch Jobs, list CronJobs and pods, and create events; in any image with Python 3.9.
"""

import json
import os
import pathlib
import signal
import ssl
import sys
import time
import urllib.error
import urllib.request
from calendar import timegm
from datetime import datetime
from zoneinfo import ZoneInfo

PERIOD = 15  # seconds between two looks
PATIENCE = 4  # looks in vain after which the process ends, for Kubernetes to show that it does not work
ANSWERED = pathlib.Path("/tmp/answered")  # there once a look has succeeded: the pod is ready then
ACCOUNT = pathlib.Path("/var/run/secrets/kubernetes.io/serviceaccount")
BATCH = "/apis/batch/v1"
ENGINES = "labelSelector=app%3Dbots-edi%2Ccomponent%3Dengine"
NAME = "bots-engine-watch"


def say(message):
    """Writes one line."""
    print("Engine watch:", " ".join(message.split()), flush=True)


def seconds(timestamp):
    """Returns the epoch's seconds of a time as the API writes it."""
    return timegm(time.strptime(timestamp, "%Y-%m-%dT%H:%M:%SZ"))


def timestamp(epoch):
    """Returns a time as the API writes it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch))


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

    def list(self, group, kind):
        """Returns the engine's objects of a kind."""
        return self.ask("GET", group, f"{kind}?{ENGINES}")["items"]

    def end(self, job):
        """Has the Job's controller end a Job as one that took too long. An error where it changed since it was read."""
        metadata = {"resourceVersion": job["metadata"]["resourceVersion"]}
        patch = {"metadata": metadata, "spec": {"activeDeadlineSeconds": 1}}
        self.ask("PATCH", BATCH, f"jobs/{job['metadata']['name']}", patch, "application/merge-patch+json")

    def tell(self, kind, name, uid, what, reason, message):
        """Makes an event on an object, and writes it down: once for each `what`."""
        now = timestamp(time.time())
        subject = {"apiVersion": "batch/v1", "kind": kind, "namespace": self.namespace, "name": name, "uid": uid}
        event = {
            "metadata": {"name": f"{name}.{what}"},
            "involvedObject": subject,
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
            say(f"{kind} {name}: {message}")


def is_open(job):
    """Returns whether a Job goes on."""
    ends = ("Complete", "Failed", "FailureTarget", "SuccessCriteriaMet")
    conditions = job["status"].get("conditions", [])
    return not job["spec"].get("suspend") and not any(
        condition["type"] in ends and condition["status"] == "True" for condition in conditions
    )


def has_started(pod):
    """Returns whether something of a pod runs or ran that is not a sidecar: its engine, or what its engine waits for."""
    if pod["status"].get("phase", "Pending") != "Pending":
        return True
    sidecars = {
        container["name"]
        for container in pod["spec"].get("initContainers", [])
        if container.get("restartPolicy") == "Always"
    }
    return any(
        "running" in container.get("state", {}) and container["name"] not in sidecars
        for container in pod["status"].get("initContainerStatuses", [])
    )


def obstacle(pods):
    """Returns why none of a Job's pods has started, or None where one has."""
    pods = [pod for pod in pods if pod["status"].get("phase") not in ("Succeeded", "Failed")]
    if any(has_started(pod) for pod in pods):
        return None
    if not pods:
        return "it has no pod, see its events"
    status, name = pods[-1]["status"], pods[-1]["metadata"]["name"]
    for container in status.get("initContainerStatuses", []) + status.get("containerStatuses", []):
        waiting = container.get("state", {}).get("waiting", {})
        if waiting.get("reason", "PodInitializing") != "PodInitializing":
            return f"{waiting['reason']}: {waiting.get('message', f'see the events of pod {name}')}"
    for condition in status.get("conditions", []):
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            return f"{condition.get('reason', 'Unscheduled')}: {condition.get('message', '')}"
    return f"see the events of pod {name}"


def is_due(parts, clock):
    """Returns whether a schedule comes at a minute of its zone's clock."""
    by_date, by_weekday = clock.day in parts["daysOfMonth"], clock.isoweekday() % 7 in parts["daysOfWeek"]
    fits = by_date and by_weekday if parts["daysFitBoth"] else by_date or by_weekday
    return fits and clock.month in parts["months"] and clock.hour in parts["hours"] and clock.minute in parts["minutes"]


def first_due(schedule, zone, since, until):
    """Returns when a schedule came first, after `since` and not after `until`, or None."""
    if "everySeconds" in schedule:
        due = since + schedule["everySeconds"]
        return due if due <= until else None
    first = since // 60 * 60 + 60
    minutes = range(first, int(until) + 1, 60)
    return next((minute for minute in minutes if is_due(schedule, datetime.fromtimestamp(minute, zone))), None)


def overdue(plan, cron_job, now):
    """Returns since when a schedule is late by more than its window, or None.

    A schedule that was made, changed or resumed meanwhile counts from then on, as whoever did so expects.
    """
    if cron_job["spec"].get("suspend"):
        return None
    metadata = cron_job["metadata"]
    edits = [field for field in metadata.get("managedFields", []) if "time" in field and not field.get("subresource")]
    times = [metadata["creationTimestamp"], *(edit["time"] for edit in edits)]
    if "lastScheduleTime" in cron_job["status"]:
        times.append(cron_job["status"]["lastScheduleTime"])
    since = max(seconds(time) for time in times)
    return first_due(plan["schedule"], ZoneInfo(plan["timeZone"]), since, now - plan["startingDeadlineSeconds"])


class Watch:
    """Looks at the engine's objects, again and again."""

    def __init__(self, plan, cluster):
        self.plan, self.cluster = plan, cluster
        self.blocked_since = {}

    def look(self, now):
        """Looks once: gives up what cannot start, tells what is late."""
        # Jobs first: one that goes on meanwhile has changed, and is let alone.
        jobs = [job for job in self.cluster.list(BATCH, "jobs") if is_open(job)]
        pods = self.cluster.list("/api/v1", "pods")
        blocked = {}
        for job in jobs:
            uid = job["metadata"]["uid"]
            reason = obstacle([pod for pod in pods if owner(pod).get("uid") == uid])
            if reason:
                blocked[uid] = self.blocked_since.get(uid, now)
                if now - blocked[uid] >= self.plan["podStartSeconds"]:
                    self.give_up(job, reason)
        self.blocked_since = blocked
        cron_jobs = {cron_job["metadata"]["name"]: cron_job for cron_job in self.cluster.list(BATCH, "cronjobs")}
        for plan in self.plan["schedules"]:
            # One that an update has not made yet, or removes.
            if plan["cronJob"] in cron_jobs:
                self.tell_if_late(plan, cron_jobs[plan["cronJob"]], now)

    def give_up(self, job, reason):
        """Ends a Job that cannot start, unless it did so this moment."""
        metadata = job["metadata"]
        try:
            self.cluster.end(job)
        except urllib.error.HTTPError as error:
            if error.code not in (404, 409):
                raise
            return
        message = f"given up, since its pod has not started within {self.plan['podStartSeconds']} s: {reason}"
        name, uid, schedule = metadata["name"], metadata["uid"], owner(job)
        self.cluster.tell("Job", name, uid, "not-started", "EngineNotStarted", message)
        if schedule:
            about = f"Job {name} is {message}"
            self.cluster.tell("CronJob", schedule["name"], schedule["uid"], uid, "EngineNotStarted", about)

    def tell_if_late(self, plan, cron_job, now):
        """Makes an event on a schedule that is late."""
        due = overdue(plan, cron_job, now)
        if due is None:
            return
        active = [job["name"] for job in cron_job["status"].get("active", [])]
        why = f"{', '.join(active)} is still there" if active else "its controller has not started it"
        message = f"late: the run of {timestamp(due)} has not started within {plan['startingDeadlineSeconds']} s: {why}"
        metadata = cron_job["metadata"]
        self.cluster.tell("CronJob", metadata["name"], metadata["uid"], f"late-{due}", "EngineLate", message)


def owner(thing):
    """Returns the reference to what made an object; empty where nothing did."""
    return next(iter(thing["metadata"].get("ownerReferences", [])), {})


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
            say(f"no look at the engine's Jobs at {cluster.server}: {explained(error)}")
        else:
            in_vain = 0
            ANSWERED.touch()
        time.sleep(PERIOD)
    say("ends, to be started again. A network policy in the way? networkPolicy.apiServerPorts lists the ports of the API server")
    sys.exit(1)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
