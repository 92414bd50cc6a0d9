"""config/engine_watch.py: which Jobs it gives up, which runs it calls late, against a cluster that is played."""

import importlib.util
import io
import json
import re
import urllib.error
from calendar import timegm
from zoneinfo import ZoneInfo

import pytest
from support import CONFIG, HERE

spec = importlib.util.spec_from_file_location("engine_watch", CONFIG / "engine_watch.py")
engine_watch = importlib.util.module_from_spec(spec)
spec.loader.exec_module(engine_watch)

NOON = timegm((2026, 11, 25, 12, 0, 0))
UTC = ZoneInfo("UTC")
LIMIT = 240  # seconds, podStartSeconds
TIMES = {"minutes": range(60), "hours": range(24), "daysOfMonth": range(1, 32), "months": range(1, 13)}
ALWAYS = {**{name: list(values) for name, values in TIMES.items()}, "daysOfWeek": list(range(7)), "daysFitBoth": True}
DAILY = {**ALWAYS, "minutes": [0], "hours": [4]}


class Played:
    """A cluster: what it holds, and what was asked of it."""

    def __init__(self, jobs=(), pods=(), cron_jobs=()):
        self.objects = {"jobs": list(jobs), "pods": list(pods), "cronjobs": list(cron_jobs)}
        self.ended, self.told = [], []

    def list(self, _group, kind):
        return self.objects[kind]

    def end(self, job):
        self.ended.append(job["metadata"]["name"])

    def tell(self, kind, name, _uid, what, reason, message):
        self.told.append((kind, name, what, reason, message))


def a_job(**status):
    """Returns a Job of the CronJob bots-engine."""
    made_by = {"kind": "CronJob", "name": "bots-engine", "uid": "c"}
    return {"metadata": {"name": "bots-engine-1", "uid": "j", "ownerReferences": [made_by]}, "spec": {}, "status": status}


def a_pod(phase="Pending", **status):
    """Returns a pod of that Job."""
    reference = {"kind": "Job", "name": "bots-engine-1", "uid": "j"}
    metadata = {"name": "bots-engine-1-x", "ownerReferences": [reference]}
    return {"metadata": metadata, "spec": {}, "status": {"phase": phase, **status}}


def waiting(reason, message=None, name="engine"):
    """Returns the status of a container that waits."""
    return {"name": name, "state": {"waiting": {"reason": reason, **({"message": message} if message else {})}}}


def a_watch(cluster, *schedules):
    """Returns a watch on a cluster."""
    return engine_watch.Watch({"podStartSeconds": LIMIT, "schedules": list(schedules)}, cluster)


CANNOT_START = {
    "an image that is not there": (
        [a_pod(containerStatuses=[waiting("ImagePullBackOff", "Back-off pulling image x:9")])],
        "ImagePullBackOff: Back-off pulling image x:9",
    ),
    "an init container's image": (
        [a_pod(initContainerStatuses=[waiting("ErrImagePull", "no such host", "wait-for-database")],
               containerStatuses=[waiting("PodInitializing")])],
        "ErrImagePull: no such host",
    ),
    "a Secret that is missing, after the init container": (
        [a_pod(initContainerStatuses=[{"name": "wait", "state": {"terminated": {}}}],
               containerStatuses=[waiting("CreateContainerConfigError", 'secret "s" not found')])],
        'CreateContainerConfigError: secret "s" not found',
    ),
    "a volume that is not mounted": (
        [a_pod(containerStatuses=[waiting("ContainerCreating")])],
        "ContainerCreating: see the events of pod bots-engine-1-x",
    ),
    "no node with room": (
        [a_pod(conditions=[{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes"}])],
        "Unschedulable: 0/3 nodes",
    ),
    "a kubelet that does not answer": ([a_pod()], "see the events of pod bots-engine-1-x"),
    "a pod that is refused": ([], "it has no pod, see its events"),
    "a second try that cannot start": (
        [a_pod("Failed"), a_pod(containerStatuses=[waiting("InvalidImageName")])],
        "InvalidImageName: see the events of pod bots-engine-1-x",
    ),
}


@pytest.mark.parametrize("case", CANNOT_START)
def test_a_job_whose_pod_does_not_start_in_time_is_ended_and_told(case):
    pods, reason = CANNOT_START[case]
    cluster = Played([a_job()], pods)
    watch = a_watch(cluster)
    for second in (0, 15, LIMIT - 1):
        watch.look(NOON + second)
    assert (cluster.ended, cluster.told) == ([], [])
    watch.look(NOON + LIMIT)
    assert cluster.ended == ["bots-engine-1"]
    message = f"given up, since its pod has not started within {LIMIT} s: {reason}"
    assert cluster.told == [
        ("Job", "bots-engine-1", "not-started", "EngineNotStarted", message),
        ("CronJob", "bots-engine", "j", "EngineNotStarted", f"Job bots-engine-1 is {message}"),
    ]


def test_a_sidecar_that_runs_is_no_engine_that_started():
    pod = a_pod(
        initContainerStatuses=[{"name": "mesh", "state": {"running": {}}}], containerStatuses=[waiting("ErrImagePull")]
    )
    pod["spec"]["initContainers"] = [{"name": "mesh", "restartPolicy": "Always"}]
    cluster = Played([a_job()], [pod])
    watch = a_watch(cluster)
    watch.look(NOON)
    watch.look(NOON + LIMIT)
    assert cluster.ended == ["bots-engine-1"]


@pytest.mark.parametrize(
    "pods",
    [
        [a_pod("Running")],
        [a_pod("Failed"), a_pod("Running")],
        [a_pod(initContainerStatuses=[{"name": "wait-for-database", "state": {"running": {}}}])],
    ],
)
def test_a_job_whose_pod_has_started_is_let_alone(pods):
    cluster = Played([a_job()], pods)
    watch = a_watch(cluster)
    for second in (0, LIMIT, 10 * LIMIT):
        watch.look(NOON + second)
    assert (cluster.ended, cluster.told) == ([], [])


@pytest.mark.parametrize("kind", ["Complete", "Failed", "FailureTarget"])
def test_a_job_that_has_ended_is_let_alone_and_so_is_one_that_is_suspended(kind):
    ended, suspended = a_job(conditions=[{"type": kind, "status": "True"}]), a_job()
    suspended["spec"]["suspend"] = True
    for job in ended, suspended:
        cluster = Played([job])
        watch = a_watch(cluster)
        watch.look(NOON)
        watch.look(NOON + LIMIT)
        assert cluster.ended == []


def test_the_time_begins_anew_where_something_of_the_pod_ran_meanwhile():
    stuck = a_pod(containerStatuses=[waiting("ErrImagePull")])
    cluster = Played([a_job()], [stuck])
    watch = a_watch(cluster)
    watch.look(NOON)
    cluster.objects["pods"] = [a_pod("Running")]
    watch.look(NOON + LIMIT - 1)
    cluster.objects["pods"] = [a_pod("Failed"), stuck]
    watch.look(NOON + LIMIT)
    watch.look(NOON + 2 * LIMIT - 1)
    assert cluster.ended == []
    watch.look(NOON + 2 * LIMIT)
    assert cluster.ended == ["bots-engine-1"]


def error(code, message):
    """Returns what a request to the API raises that fails."""
    body = io.BytesIO(json.dumps({"kind": "Status", "message": message}).encode())
    return urllib.error.HTTPError("https://api", code, "no", None, body)


@pytest.mark.parametrize("code", [404, 409])
def test_a_job_that_started_or_went_this_moment_is_not_called_given_up(code):
    cluster = Played([a_job()], [a_pod()])
    cluster.end = lambda job: (_ for _ in ()).throw(error(code, "changed"))
    watch = a_watch(cluster)
    watch.look(NOON)
    watch.look(NOON + LIMIT)
    assert cluster.told == []


def test_a_right_that_is_missing_is_told_with_what_the_api_says():
    cluster = Played([a_job()], [a_pod()])
    cluster.end = lambda job: (_ for _ in ()).throw(error(403, "jobs is forbidden"))
    watch = a_watch(cluster)
    watch.look(NOON)
    with pytest.raises(OSError) as caught:
        watch.look(NOON + LIMIT)
    assert engine_watch.explained(caught.value) == "HTTP Error 403: no: jobs is forbidden"


def a_schedule(parts=ALWAYS, window=300, zone="UTC"):
    """Returns the plan of a schedule."""
    return {"cronJob": "bots-engine", "timeZone": zone, "startingDeadlineSeconds": window, "schedule": parts}


def a_cron_job(last=None, made=NOON - 86400 * 30, edits=(), **spec):
    """Returns a CronJob; times in seconds."""
    fields = [{"manager": "pulumi", "time": engine_watch.timestamp(edit)} for edit in edits]
    fields.append({"manager": "controller", "subresource": "status", "time": engine_watch.timestamp(NOON * 2)})
    metadata = {"name": "bots-engine", "uid": "c", "creationTimestamp": engine_watch.timestamp(made)}
    status = {} if last is None else {"lastScheduleTime": engine_watch.timestamp(last)}
    return {"metadata": {**metadata, "managedFields": fields}, "spec": spec, "status": status}


def told(plan, cron_job, now):
    """Returns what a watch tells of a schedule."""
    cluster = Played(cron_jobs=[cron_job])
    a_watch(cluster, plan).look(now)
    return cluster.told


def test_a_run_is_late_once_its_window_is_over():
    daily = a_schedule(DAILY, 3600)
    ran = a_cron_job(last=NOON - 8 * 3600 - 86400)  # yesterday at 4:00
    assert told(daily, ran, NOON - 7 * 3600 - 1) == []
    [(kind, name, what, reason, message)] = told(daily, ran, NOON - 7 * 3600)
    assert (kind, name, reason) == ("CronJob", "bots-engine", "EngineLate")
    assert what == f"late-{NOON - 8 * 3600}"
    assert message == (
        "late: the run of 2026-11-25T04:00:00Z has not started within 3600 s: its controller has not started it"
    )
    assert told(daily, a_cron_job(last=NOON - 8 * 3600), NOON) == []


def test_what_holds_a_late_run_back_is_named():
    cron_job = a_cron_job(last=NOON)
    cron_job["status"]["active"] = [{"name": "bots-engine-1"}]
    [(*_, message)] = told(a_schedule(), cron_job, NOON + 360)
    assert message.endswith("has not started within 300 s: bots-engine-1 is still there")


@pytest.mark.parametrize(
    "cron_job",
    [
        a_cron_job(last=NOON - 86400, suspend=True),
        a_cron_job(last=NOON - 86400, edits=[NOON - 60]),
        a_cron_job(made=NOON - 60),
    ],
)
def test_a_schedule_that_is_suspended_or_was_just_made_changed_or_resumed_is_not_late(cron_job):
    assert told(a_schedule(), cron_job, NOON) == []


def test_a_schedule_that_is_not_there_yet_is_no_error():
    cluster = Played()
    a_watch(cluster, a_schedule()).look(NOON)
    assert cluster.told == []


def test_one_every_so_many_seconds_is_late_too():
    plan = a_schedule({"everySeconds": 5400})
    assert told(plan, a_cron_job(last=NOON), NOON + 5400 + 299) == []
    assert len(told(plan, a_cron_job(last=NOON), NOON + 5400 + 300)) == 1


def test_the_clock_is_that_of_the_schedules_zone():
    amsterdam = ZoneInfo("Europe/Amsterdam")
    at_half_past_two = {**DAILY, "minutes": [30], "hours": [2]}
    day = timegm((2027, 3, 27, 12, 0, 0))  # before the night without that time
    assert engine_watch.first_due(at_half_past_two, amsterdam, day, day + 3 * 86400) == timegm((2027, 3, 29, 0, 30, 0))
    assert engine_watch.first_due(DAILY, amsterdam, day, day + 86400) == timegm((2027, 3, 28, 2, 0, 0))


def parts(schedule):
    """Returns a cron schedule of numbers, lists and stars in parts, or None where there is more in it."""
    names = {"minutes": (0, 60), "hours": (0, 24), "daysOfMonth": (1, 32), "months": (1, 13), "daysOfWeek": (0, 7)}
    fields = schedule.split()
    if len(fields) != 5 or not all(re.fullmatch(r"\*|\d+(,\d+)*", field) for field in fields):
        return None
    every = {name: list(range(*bounds)) for name, bounds in names.items()}
    made = {name: every[name] if field == "*" else [*map(int, field.split(","))] for name, field in zip(names, fields)}
    return {**made, "daysFitBoth": "*" in (fields[2], fields[4])}


def test_schedules_come_when_kubernetes_has_them_come():
    begin, days = timegm((2027, 1, 30, 22, 58, 30)), 40 * 86400
    tried = 0
    for entry in json.loads((HERE.parent / "schedules/table.json").read_text()):
        schedule = parts(entry["schedule"]) if "runs" in entry else None
        first = engine_watch.seconds(entry["runs"][0]) if schedule else None
        if schedule and first < begin + days:
            assert engine_watch.first_due(schedule, UTC, begin, begin + days) == first, entry
            tried += 1
    assert tried >= 10


def test_a_cluster_that_does_not_answer_ends_it_with_a_hint_and_it_is_not_ready(monkeypatch, tmp_path, capsys):
    class Silent(Played):
        server = "https://10.96.0.1:443"

        def list(self, _group, _kind):
            raise urllib.error.URLError("timed out")

    answered = tmp_path / "answered"
    answered.touch()  # by a container before this one
    monkeypatch.setattr(engine_watch, "ANSWERED", answered)
    monkeypatch.setattr(engine_watch, "PERIOD", 0)
    monkeypatch.setattr(engine_watch, "Cluster", lambda namespace: Silent())
    with pytest.raises(SystemExit) as end:
        engine_watch.main({"namespace": "edi", "podStartSeconds": LIMIT, "schedules": []})
    assert end.value.code == 1
    assert not answered.exists()
    lines = capsys.readouterr().out.splitlines()
    look = "Engine watch: no look at the engine's Jobs at https://10.96.0.1:443: <urlopen error timed out>"
    assert lines[:-1] == [look] * engine_watch.PATIENCE
    assert "networkPolicy.apiServerPorts" in lines[-1]
