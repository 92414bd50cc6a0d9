"""config/secret_watch.py: what it takes over, what it refuses, whose pods it rolls, against a cluster that is played."""

import base64
import importlib.util
import re
import subprocess
import sys

import pytest
from support import CONFIG, HERE

spec = importlib.util.spec_from_file_location("secret_watch", CONFIG / "secret_watch.py")
secret_watch = importlib.util.module_from_spec(spec)
spec.loader.exec_module(secret_watch)

CANDIDATE, LIVE = "bots-edidb-secret-candidate", "bots-edidb-secret"
READERS = ["bots-webserver", "bots-jobqueue"]
WHOLE = dict.fromkeys(secret_watch.KEYS, "x")


def at(minute):
    """Returns a time as the API writes it."""
    return f"2026-11-26T12:{minute:02}:00Z"


def a_secret(name, values, version="1", minute=0):
    """Returns a Secret that was changed last in that minute."""
    data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
    fields = [{"manager": "external-secrets", "time": at(minute)}, {"manager": "without a time"}]
    metadata = {"name": name, "uid": f"uid-{name}", "resourceVersion": version, "creationTimestamp": at(0)}
    return {"metadata": {**metadata, "managedFields": fields}, "data": data}


def a_deployment(name, replicas=1, ready=None, read=None):
    """Returns a Deployment; without `ready` all of its pods are."""
    annotations = {} if read is None else {"annotations": {secret_watch.READ: read}}
    count = replicas if ready is None else ready
    status = {"observedGeneration": 1, "replicas": replicas, "updatedReplicas": count, "availableReplicas": count}
    return {
        "metadata": {"name": name, "generation": 1, "resourceVersion": "7"},
        "spec": {"replicas": replicas, "template": {"metadata": annotations}},
        "status": status,
    }


class Played:
    """A cluster: what it holds, and what was asked of it."""

    def __init__(self, candidate, live, pods_since=0):
        self.secrets = {CANDIDATE: candidate, LIVE: live}
        self.externals = {name: {"metadata": {"name": name, "uid": name}} for name in (CANDIDATE, LIVE)}
        self.deployments = {name: a_deployment(name) for name in READERS}
        self.pods_since = dict.fromkeys(READERS, pods_since)
        self.patched, self.told = [], []

    def get(self, kind, name):
        plural = kind[1]
        return {"secrets": self.secrets, "externalsecrets": self.externals, "deployments": self.deployments}[plural][name]

    def pods(self, deployment):
        return [{"metadata": {"creationTimestamp": at(self.pods_since[deployment["metadata"]["name"]])}}]

    def patch(self, kind, name, body):
        self.patched.append((name, body))
        if kind == secret_watch.SECRETS:
            self.externals[name]["metadata"]["annotations"] = body["metadata"]["annotations"]
        else:
            annotations = body["spec"]["template"]["metadata"]["annotations"]
            self.deployments[name] = a_deployment(name, ready=0, read=annotations[secret_watch.READ])

    def tell(self, thing, what, reason, message):
        self.told.append((thing["metadata"]["name"], what, reason, message))


def a_watch(cluster, why=None):
    """Returns a watch, and the credentials that the database was asked about."""
    asked = []

    def refusal(credentials):
        asked.append(credentials)
        return why

    plan = {"candidate": CANDIDATE, "live": LIVE, "deployments": READERS}
    return secret_watch.Watch(plan, cluster, refusal), asked


def test_nothing_is_done_where_nothing_changed():
    cluster = Played(a_secret(CANDIDATE, WHOLE, minute=5), a_secret(LIVE, WHOLE, minute=5), pods_since=5)
    watch, asked = a_watch(cluster)
    watch.look(0)
    assert (asked, cluster.patched, cluster.told) == ([], [], [])


def test_what_the_database_takes_goes_live_once():
    new = {**WHOLE, "DB_PASSWORD": "new"}
    cluster = Played(a_secret(CANDIDATE, new, "9", minute=5), a_secret(LIVE, WHOLE), pods_since=1)
    watch, asked = a_watch(cluster)
    watch.look(0)
    watch.look(1)
    assert asked == [new]
    told = {"metadata": {"annotations": {secret_watch.TOLD: f"uid-{CANDIDATE}.9"}}}
    assert cluster.patched == [(LIVE, told)], "and no pod is rolled before the live Secret has changed"


def test_what_the_database_refuses_is_told_once_a_minute_asked_again_and_nothing_is_touched():
    cluster = Played(a_secret(CANDIDATE, {**WHOLE, "DB_PASSWORD": "new"}, "9", minute=5), a_secret(LIVE, WHOLE), pods_since=1)
    watch, asked = a_watch(cluster, "with it: Access denied")
    for second in (0, 5, 59, 60, 65):
        watch.look(second)
    assert len(asked) == 2
    assert cluster.patched == []
    message = f"{LIVE} stays as it is, since what came from upstream cannot be used: with it: Access denied"
    assert set(cluster.told) == {(CANDIDATE, "9", "SecretRefused", message)}


def test_what_is_mended_upstream_is_asked_about_at_once():
    cluster = Played(a_secret(CANDIDATE, {**WHOLE, "DB_PASSWORD": "bad"}, "9"), a_secret(LIVE, WHOLE), pods_since=1)
    watch, asked = a_watch(cluster, "no")
    watch.look(0)
    cluster.secrets[CANDIDATE] = a_secret(CANDIDATE, {**WHOLE, "DB_PASSWORD": "good"}, "10")
    watch.look(5)
    assert [credentials["DB_PASSWORD"] for credentials in asked] == ["bad", "good"]


def test_pods_that_are_older_than_the_live_secret_are_rolled_one_deployment_after_the_other():
    live = a_secret(LIVE, WHOLE, "4", minute=5)
    cluster = Played(a_secret(CANDIDATE, WHOLE), live, pods_since=4)
    watch, _ = a_watch(cluster)
    watch.look(0)
    watch.look(5)
    version = f"uid-{LIVE}.4"
    body = {
        "metadata": {"resourceVersion": "7"},
        "spec": {"template": {"metadata": {"annotations": {secret_watch.READ: version}}}},
    }
    assert cluster.patched == [("bots-webserver", body)], "the job queue waits until the webserver is ready"
    cluster.deployments["bots-webserver"] = a_deployment("bots-webserver", read=version)
    cluster.pods_since["bots-webserver"] = 6
    watch.look(10)
    assert [name for name, _ in cluster.patched] == READERS


def test_a_webserver_that_does_not_become_ready_keeps_the_others_as_they_are():
    cluster = Played(a_secret(CANDIDATE, WHOLE), a_secret(LIVE, WHOLE, minute=5), pods_since=4)
    cluster.deployments["bots-webserver"] = a_deployment("bots-webserver", ready=0)
    cluster.pods_since["bots-webserver"] = 6
    watch, _ = a_watch(cluster)
    watch.look(0)
    assert cluster.patched == []


@pytest.mark.parametrize(
    ("changes", "is_ready"),
    [({}, True), ({"observedGeneration": 0}, False), ({"replicas": 2}, False), ({"updatedReplicas": 0}, False)],
)
def test_a_deployment_is_rolled_out_when_all_its_pods_are_of_its_newest_template(changes, is_ready):
    deployment = a_deployment("bots-webserver")
    deployment["status"].update(changes)
    assert secret_watch.is_rolled_out(deployment) is is_ready


def test_a_secret_without_a_key_is_refused_before_the_database_is_asked(monkeypatch):
    monkeypatch.setattr(secret_watch, "LOG_IN", ["/nonexistent"])
    lacking = {key: value for key, value in WHOLE.items() if key != "DB_HOST"}
    assert secret_watch.refusal({**lacking, "DB_PASSWORD": ""}) == "it lacks DB_PASSWORD, DB_HOST"


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("import os; assert os.environ['DB_USER'] == 'x'", None),
        ("import sys; sys.exit('first\\nAccess denied')", "with it: Access denied"),
        ("import sys; sys.exit(3)", "with it: exit code 3"),
    ],
)
def test_the_login_is_a_process_of_its_own_with_these_credentials(monkeypatch, script, why):
    monkeypatch.setattr(secret_watch, "LOG_IN", [sys.executable, "-c", script])
    assert secret_watch.refusal(WHOLE) == why


def test_a_database_that_does_not_answer_is_no_yes(monkeypatch):
    def run(*_, **__):
        raise subprocess.TimeoutExpired("python", 60)

    monkeypatch.setattr(subprocess, "run", run)
    assert secret_watch.refusal(WHOLE) == "the database does not answer"


def test_its_keys_are_those_that_the_services_read():
    text = (HERE.parent.parent / "settings" / "namedSecrets.ts").read_text()
    listed = re.search(r"databaseSecret: \{ keys: \[(.*?)\]", text).group(1)
    assert re.findall(r'"(\w+)"', listed) == list(secret_watch.KEYS)
