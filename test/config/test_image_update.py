"""config/image_update.py: which images it rolls out, in which order, and what it says, against a cluster that is played."""

import copy
import importlib.util
import json
import re
import urllib.error

import pytest
from support import CONFIG

spec = importlib.util.spec_from_file_location("image_update", CONFIG / "image_update.py")
image_update = importlib.util.module_from_spec(spec)
spec.loader.exec_module(image_update)

REPOSITORY = "harbor.example.com/priv/bots-edi"
WEBSERVER = {"api": "apis/apps/v1", "kind": "deployments", "name": "bots-webserver"}
JOBQUEUE = {"api": "apis/apps/v1", "kind": "deployments", "name": "bots-jobqueue"}
ENGINE = {"api": "apis/batch/v1", "kind": "cronjobs", "name": "bots-engine"}
WORKLOADS = [WEBSERVER, JOBQUEUE, ENGINE]
NAMES = [workload["name"] for workload in WORKLOADS]


def pod(image, *containers):
    """Returns the specification of a pod, with its init containers, one of another image."""
    return {
        "initContainers": [{"name": "wait-for-database", "image": image}, {"name": "mesh", "image": "mesh:1"}],
        "containers": [{"name": name, "image": image} for name in containers],
    }


def deployment(image, *containers):
    """Returns a Deployment that is ready."""
    status = {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}
    return {
        "metadata": {"resourceVersion": "1", "generation": 1},
        "spec": {"replicas": 1, "template": {"spec": pod(image, *containers)}},
        "status": status,
    }


class Played:
    """A cluster of the three workloads. `broken`: the Deployment that never becomes ready with a new image."""

    def __init__(self, tag="4.0", broken=None):
        image = f"{REPOSITORY}:{tag}"
        cron_job = {"metadata": {"resourceVersion": "1"}, "spec": {"jobTemplate": deployment(image, "engine")}}
        self.objects = {
            "bots-webserver": deployment(image, "webserver"),
            "bots-jobqueue": deployment(image, "jobqueue", "dirmonitor"),
            "bots-engine": cron_job,
        }
        self.broken, self.patched, self.before_patch, self.jobs = broken, [], None, []

    def images(self, name):
        """Returns the images of a workload, by container."""
        spec = image_update.pod_spec(self.objects[name])
        return {one["name"]: one["image"] for one in spec["containers"] + spec["initContainers"]}

    def change(self, name, body):
        """Does as the API does: merges containers by their names."""
        found = self.objects[name]
        spec = image_update.pod_spec(found)
        for kind, patches in image_update.pod_spec(body).items():
            for patch in patches:
                next(one for one in spec[kind] if one["name"] == patch["name"]).update(patch)
        found["metadata"]["resourceVersion"] += "+"
        if "status" in found:
            found["metadata"]["generation"] += 1

    def settle(self, found, name):
        """Plays the controller: a look later the Deployment is rolled out, or given up."""
        status = found["status"]
        status["observedGeneration"] = found["metadata"]["generation"]
        if name == self.broken and found["metadata"]["generation"] > 1:
            status["updatedReplicas"], status["replicas"] = 1, 2
            why = {"type": "Progressing", "reason": "ProgressDeadlineExceeded", "message": "it has timed out progressing."}
            status["conditions"] = [why]

    def get(self, workload):
        found = copy.deepcopy(self.objects[workload["name"]])
        if "status" in found:
            self.settle(self.objects[workload["name"]], workload["name"])
        return found

    def patch(self, workload, body):
        name = workload["name"]
        if self.before_patch:
            somebody, self.before_patch = self.before_patch, None
            somebody()
        if body["metadata"]["resourceVersion"] != self.objects[name]["metadata"]["resourceVersion"]:
            raise urllib.error.HTTPError("", 409, "Conflict", None, None)
        self.patched.append(name)
        self.change(name, body)

    def initialisers(self):
        """Returns the Jobs; at the next look the first that is at work has ended."""
        jobs = copy.deepcopy(self.jobs)
        for job in self.jobs:
            if not job["status"]:
                job["status"] = {"conditions": [{"type": "Failed", "status": "True"}]}
                break
        return jobs


def a_job(name, minute, *ended):
    """Returns a Job that was made at a minute."""
    metadata = {"name": name, "creationTimestamp": f"2026-11-26T10:{minute:02}:00Z"}
    return {"metadata": metadata, "status": {"conditions": [{"type": one, "status": "True"} for one in ended]} if ended else {}}


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(image_update, "PAUSE", 0)
    monkeypatch.setenv("HOSTNAME", "bots-image-update-4-0-13-x2x4z-7bq2c")


def update(monkeypatch, command, cluster, tag, versions=">=4.0"):
    """Runs a command for a pushed tag. Returns its exit code or last words."""
    monkeypatch.setenv("IMAGE", f"{REPOSITORY}:{tag}")
    monkeypatch.setattr(image_update, "Cluster", lambda _namespace: cluster)
    try:
        image_update.main(command, json.dumps({"namespace": "edi", "workloads": WORKLOADS, "versions": versions}))
    except SystemExit as end:
        return end.code
    return 0


RANGES = {
    # pushed, range, what runs: whether it is rolled out
    "newer": ("4.0.13", ">=4.0", "4.0", True),
    "newer by a number of two digits": ("4.0.10", ">=4.0", "4.0.9", True),
    "with a v": ("v4.1", ">=4.0", "4.0.9", True),
    "the next major version": ("5.0.0", ">=4.0", "4.0.9", True),
    "the one that runs": ("4.0.13", ">=4.0", "4.0.13", False),
    "older than what was rolled out before": ("4.0.5", ">=4.0", "4.0.13", False),
    "older than what the stack asks for": ("3.9", ">=4.0", "main", False),
    "what runs is no version": ("4.0.1", ">=4.0", "main", True),
    "inside a range": ("4.9.9", ">=4.0 <5", "4.0", True),
    "past a range": ("5.0", ">=4.0 <5", "4.0", False),
    "at its end": ("4.2.0", ">4.0 <=4.2", "4.0", True),
    "just past its end": ("4.2.1", ">4.0 <=4.2", "4.0", False),
    "at its beginning, which does not belong": ("4.1", ">4.1", "4.0", False),
    "exactly one": ("4.1.2", "=4.1.2", "4.0", True),
    "a pre-release": ("4.1.0-rc.1", ">=4.0", "4.0", False),
    "no version": ("latest", ">=0", "4.0", False),
}


@pytest.mark.parametrize("case", RANGES)
def test_rolls_out_what_is_newer_and_in_range(case, monkeypatch, capsys):
    tag, versions, running, is_rolled_out = RANGES[case]
    code = update(monkeypatch, "check", Played(running), tag, versions)
    said = capsys.readouterr().out
    assert code == (0 if is_rolled_out else image_update.NOTHING_TO_DO)
    assert said.startswith(f"{REPOSITORY}:{tag} is not rolled out: ") != is_rolled_out
    assert said.count("\n") == (0 if is_rolled_out else 1)


def test_says_what_runs_and_what_the_stack_takes(monkeypatch, capsys):
    update(monkeypatch, "check", Played("4.0.13"), "4.0.5")
    update(monkeypatch, "check", Played("4.0.13"), "5.0", ">=4.0 <5")
    assert capsys.readouterr().out.splitlines() == [
        f"{REPOSITORY}:4.0.5 is not rolled out: bots-webserver runs 4.0.13",
        f"{REPOSITORY}:5.0 is not rolled out: the stack takes >=4.0 <5",
    ]


def test_sets_all_containers_of_the_repository_in_order_and_no_other(monkeypatch, capsys):
    cluster = Played()
    assert update(monkeypatch, "roll-out", cluster, "4.0.13") == 0
    new = f"{REPOSITORY}:4.0.13"
    assert cluster.patched == NAMES
    assert cluster.images("bots-jobqueue") == {
        "jobqueue": new, "dirmonitor": new, "wait-for-database": new, "mesh": "mesh:1",
    }
    assert cluster.images("bots-engine") == {"engine": new, "wait-for-database": new, "mesh": "mesh:1"}
    assert capsys.readouterr().out == f"{new} is rolled out: {', '.join(NAMES)}\n"


def test_a_webserver_that_does_not_become_ready_leaves_the_others_as_they_are(monkeypatch):
    cluster = Played(broken="bots-webserver")
    said = update(monkeypatch, "roll-out", cluster, "4.0.13")
    assert re.fullmatch(rf"{REPOSITORY}:4\.0\.13 does not become ready in bots-webserver, .*: it has timed out progressing\.", said)
    assert cluster.patched == ["bots-webserver"]
    # The next try does not take it for done.
    assert update(monkeypatch, "check", cluster, "4.0.13") == 0


def test_one_that_was_cut_off_goes_on_where_it_was(monkeypatch):
    cluster = Played()
    image_update.set_image(cluster, WEBSERVER, f"{REPOSITORY}:4.0.13")
    assert update(monkeypatch, "check", cluster, "4.0.13") == 0
    assert update(monkeypatch, "roll-out", cluster, "4.0.13") == 0
    assert cluster.patched == NAMES


def test_a_workload_that_was_left_behind_does_not_get_what_is_older_than_another_runs(monkeypatch, capsys):
    cluster = Played()
    image_update.set_image(cluster, WEBSERVER, f"{REPOSITORY}:4.0.13")
    assert update(monkeypatch, "check", cluster, "4.0.5") == image_update.NOTHING_TO_DO
    assert capsys.readouterr().out == f"{REPOSITORY}:4.0.5 is not rolled out: bots-webserver runs 4.0.13\n"


def test_never_goes_back_behind_what_somebody_else_sets_meanwhile(monkeypatch, capsys):
    cluster = Played()

    def somebody():
        for workload in WORKLOADS:
            image_update.set_image(cluster, workload, f"{REPOSITORY}:4.0.14")

    cluster.before_patch = somebody
    assert update(monkeypatch, "roll-out", cluster, "4.0.13") == 0
    assert all(cluster.images(name)["wait-for-database"] == f"{REPOSITORY}:4.0.14" for name in NAMES)
    assert "something newer has come meanwhile" in capsys.readouterr().out


def test_waits_for_the_jobs_that_came_earlier_and_for_no_later_one(monkeypatch, capsys):
    cluster = Played()
    own = "bots-image-update-4-0-13-x2x4z"
    cluster.jobs = [
        a_job("bots-image-update-4-0-14-aaaaa", 9),
        a_job(own, 8),
        a_job("bots-image-update-4-0-12-bbbbb", 7),
        a_job("bots-db-init", 6),
        a_job("bots-image-update-4-0-11-ccccc", 5, "Complete"),
    ]
    assert update(monkeypatch, "check", cluster, "4.0.13") == 0
    # The one that came first in the list ends first; the later one is not waited for.
    assert capsys.readouterr().out.splitlines() == [
        "waiting for bots-db-init, bots-image-update-4-0-12-bbbbb",
        "waiting for bots-db-init",
    ]


def test_an_api_that_refuses_is_named_in_one_line(monkeypatch):
    class Refusing:
        def initialisers(self):
            raise urllib.error.HTTPError("https://10.0.0.1", 403, "Forbidden", None, None)

    said = update(monkeypatch, "check", Refusing(), "4.0.13")
    assert said == f"{REPOSITORY}:4.0.13 is not rolled out: the API server: HTTP Error 403: Forbidden"


def test_needs_nothing_of_bots():
    text = (CONFIG / "image_update.py").read_text()
    assert not re.findall(r"^(?:import|from) (?:bots|django|settings)", text, re.MULTILINE)
