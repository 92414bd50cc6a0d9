"""config/job_queue.py and queue_gateway.py: real pages, a real job queue and real engines of Bots."""

import http.client
import json
import socket
import time
import xmlrpc.client

import pytest
from orders import Orders, each_once, ended
from support import BIN, HAS_BOTS, accepts, wait_until

if HAS_BOTS:
    from pages import BOTS_4, Pages, System

pytestmark = pytest.mark.skipif(not HAS_BOTS, reason="Bots for this Django is not on the package index")
on_mariadb = pytest.mark.parametrize("database", ["mysql"], indirect=True)
on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

TAKES = (
    "; the job queue takes bots-engine with --new, --resend, --rereceive, --automaticretrycommunication, --cleanup"
    " or the id of a route"
)
ADDED = "OK, job added to queue." if HAS_BOTS and BOTS_4 else "OK, job is added to queue"
DUPLICATE = "Duplicate, job already in queue" if HAS_BOTS and BOTS_4 else "Duplicate job, not added."


@pytest.fixture
def system(environment, database):
    """Two routes, a user, and what a job queue and web servers need."""
    made = System(Orders(environment, "alpha", "beta"))
    with made.orders.engines:
        yield made


def finished(system, count):
    """Waits until the queue has seen so many jobs end."""
    wait_until(lambda: system.environment.log().count("Finished job") >= count, f"{count} jobs did not end", 60)


@on_mariadb
def test_every_web_server_runs_what_the_menu_offers(system):
    orders = system.orders
    orders.put("alpha", range(3))
    with system.queue(), system.pages() as one, system.pages() as other:
        assert one.press("--new").startswith(ADDED)
        finished(system, 1)
        assert orders.sent("alpha") == each_once(range(3))

        # What becomes of the files is up to Bots, whose version 3.3 leaves them where a route only passes them on.
        system.execute("models.filereport.objects.update(retransmit=True)")
        assert other.press("--rereceive").startswith(ADDED)
        finished(system, 2)
        assert system.received("rereceive") == 3

        before = sum(orders.sent("alpha").values())
        system.execute("file = models.ta.objects.filter(status=520, statust=3)[0]; file.retransmit = True; file.save()")
        assert one.press("--resend").startswith(ADDED)
        finished(system, 3)
        assert sum(orders.sent("alpha").values()) == before + 1

        for number, parameter in enumerate(("--automaticretrycommunication", "--cleanup", "beta"), 4):
            orders.put("beta", [number])
            assert other.press(parameter).startswith(ADDED)
            finished(system, number)
        assert orders.sent("beta") == each_once([4, 5, 6])
        kinds = system.execute("print(sorted(models.report.objects.values_list('type', flat=True)))")
        assert kinds == "['new', 'new', 'rereceive', 'resend']", kinds
        assert not json.loads((system.environment.folder / "botssys/jobqueue.json").read_text())


@on_sqlite
def test_the_page_says_what_was_wrong_and_nothing_is_started(system):
    with system.queue():
        with system.pages() as pages:
            for parameter, line in (
                ("--frobnicate", "'--frobnicate' is no option of bots-engine and no id of a route"),
                ("--new --resend", "'--new --resend' is no option of bots-engine and no id of a route"),
                ("-c/elsewhere", "'-c/elsewhere' is not the job queue's own configuration, -c"),
                ("nowhere", "there is no active route 'nowhere'."),
                ("/bin/sh", "there is no active route '/bin/sh'."),
            ):
                assert pages.press(parameter).startswith(f"Nothing was started: {line}"), parameter
            system.execute("models.routes.objects.filter(idroute='beta').update(active=False)")
            assert pages.press("beta").startswith("Nothing was started: there is no active route 'beta'.")
            assert "Added job" not in system.environment.log()

            # A journal that cannot be written: a job would be lost with the process.
            obstacle = system.environment.folder / "botssys/jobqueue.json.new"
            obstacle.mkdir()
            line = pages.press("--new")
            assert line.startswith("Nothing was started: the job queue cannot write it down: [Errno 21] Is a directory")
            assert "Added job" not in system.environment.log()
            obstacle.rmdir()
            assert pages.press("--new").startswith(ADDED)


@on_sqlite
def test_the_page_says_that_the_queue_is_away_or_does_not_answer(system):
    with system.pages() as pages:
        assert pages.press("--new").startswith("Nothing was started: the job queue is away, ")
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", system.gateway_port))
            listener.listen()
            start = time.monotonic()
            line = pages.press("--new")
            assert line.startswith("The job queue did not answer: whether it starts a run is not known.")
            assert time.monotonic() - start < 8
        system.environment.variables["DJANGO_SECRET_KEY"] = "another"
        with system.queue():
            assert pages.press("--new").startswith("Nothing was started: the job queue knows another DJANGO_SECRET_KEY")
            assert "Added job" not in system.environment.log()


@on_sqlite
def test_a_job_that_waits_already_is_told_and_the_queue_keeps_its_order(system):
    orders = system.orders
    orders.put("alpha", range(3))
    gate = orders.gate("alpha", after=1)
    with system.queue(), system.pages() as pages:
        assert pages.press("--new").startswith(ADDED)
        orders.wait_at(gate)
        assert pages.press("--new").startswith(ADDED)  # the first one runs
        assert pages.press("--new").startswith(DUPLICATE)
        gate.unlink()
        finished(system, 2)
    assert orders.sent("alpha") == each_once(range(3))


@on_sqlite
def test_on_localhost_too_the_queue_takes_nothing_but_bots_engine(system, tmp_path):
    mark, python = tmp_path / "mark", str(BIN / "python3")  # by which the programs of Bots run
    config = system.environment.config
    with system.queue():
        for task, reason in (
            (["touch", str(mark)], "'touch' is not bots-engine"),
            ([python, "-c", f"open({str(mark)!r}, 'w')"], "'-c' is not bots-engine"),
            ([python], f"{python!r} is not bots-engine"),
            (["/tmp/bots-engine", "--new"], "'/tmp/bots-engine' is not bots-engine"),
            (["bots-engine", "-c/elsewhere", "--new"], "'-c/elsewhere' is not the job queue's own configuration"),
            (["bots-engine", f"-c{config}", "--help"], "'--help' is no option of bots-engine and no id of a route"),
            (["bots-engine", "/etc/passwd"], "'/etc/passwd' is no option of bots-engine and no id of a route"),
            (["bots-engine", "a" * 36], f"'{'a' * 36}' is no option of bots-engine and no id of a route"),
            ("bots-engine", "'bots-engine' is no task"),
            ([], "[] is no task"),
            (["bots-engine", 1], "['bots-engine', 1] is no task"),
        ):
            assert system.call(task) == 3, task
            system.wait_for(f"Refused: {reason}")
        assert system.call(["bots-engine", "--new"], "5") == 3
        for method in ("getjob", "clearjobq", "listjobs"):
            with pytest.raises(xmlrpc.client.Fault, match=f"has no method {method}"):
                system.call([], method=method)
        assert system.call(["isup"]) == 0
        done = system.environment.run("bots-job2queue", f"-c{config}", "touch", str(mark))
        assert (done.returncode, done.stderr) == (3, "")
        assert done.stdout.strip().splitlines()[-1] == (
            "Error, invalid task !" if BOTS_4 else "Refused: the job queue takes bots-engine alone."
        )
        assert "Added job" not in system.environment.log()
        assert not mark.exists()

        # While one job runs, all that stands for a run of all routes is one other.
        system.orders.put("alpha", [1])
        gate = system.orders.gate("alpha", after=0)
        assert system.call(["bots-engine", "alpha"]) == 0
        system.orders.wait_at(gate)
        engine = str(BIN / "bots-engine")
        assert system.call([python, engine, f"-c{config}", ""]) == 0
        assert system.call([engine, f"-c{config}/"]) == 4
        assert system.call(["bots-engine"]) == 4
        assert system.call(["bots-engine", f"-c{config}", "my route"]) == 0
        gate.unlink()
        finished(system, 3)


@on_sqlite
def test_who_does_not_have_the_key_starts_nothing(system):
    def post(body, length=None):
        client = http.client.HTTPConnection("127.0.0.1", system.gateway_port, timeout=10)
        client.request("POST", "/", body, {"Content-Length": str(len(body) if length is None else length)})
        return client.getresponse().status

    def signed(task, salt="bots.jobqueue", key=None, age=0):
        code = f"from django.core import signing; import time; now = time.time; time.time = lambda: now() - {age}\n"
        return system.execute(f"{code}print(signing.dumps([{task!r}, 5], key={key!r}, salt={salt!r}))")

    task = ["bots-engine", "--new"]
    with system.queue():
        for body in (
            "",
            json.dumps([task, 5]),
            "\udcff",
            signed(task, key="another"),
            signed(task, salt="another"),
            signed(task, age=400),
            signed(task)[:-1],
            "x" * 100000,
        ):
            assert post(body.encode(errors="surrogateescape")) == 403, body[:100]
        for length in ("-1", "many"):
            assert post(b"", length) == 403
        client = http.client.HTTPConnection("127.0.0.1", system.gateway_port, timeout=10)
        client.request("GET", "/")
        assert client.getresponse().status == 501
        assert "Added job" not in system.environment.log()
        assert post(signed(task).encode()) == 200
        system.wait_for("Added job 1")


@on_mariadb
def test_jobs_survive_the_death_of_the_queue(system):
    orders = system.orders
    orders.put("alpha", range(10))
    gate = orders.gate("alpha", after=4)
    with system.pages() as pages:
        with system.queue():
            assert pages.press("--new").startswith(ADDED)
            orders.wait_at(gate)
            assert pages.press("--rereceive").startswith(ADDED)
            assert pages.press("beta").startswith(ADDED)
        assert "\nbots_jobqueue_jobs 3\n" in pages.get("/metrics")
        gate.unlink()
        orders.put("beta", range(10, 13))
        with system.queue():
            system.wait_for("Given back, since it did not come to its end")
            finished(system, 3)
        assert "\nbots_jobqueue_jobs 0\n" in pages.get("/metrics")
    assert system.environment.log().count("Given back") == 3
    assert orders.sent("alpha") == each_once(range(10))
    assert orders.sent("beta") == each_once(range(10, 13))


@on_sqlite
def test_a_job_that_ends_the_queue_each_time_is_given_up(system):
    orders = system.orders
    orders.put("alpha", range(3))
    gate = orders.gate("alpha", after=0)
    reached = gate.with_name(f"{gate.name}.reached")
    with system.queue():
        assert system.call(["bots-engine", "--new"]) == 0
        orders.wait_at(gate)
    for _ in range(2):
        reached.unlink()
        with system.queue():
            orders.wait_at(gate)
    with system.queue():
        system.wait_for("Given up: ['bots-engine'")
        system.wait_for("it was interrupted 3 times")
        gate.unlink()
        assert system.call(["bots-engine", "beta"]) == 0
        finished(system, 1)
    assert set(orders.sent("alpha")) == set(range(3))


@on_sqlite
def test_a_journal_that_cannot_be_read_is_told_and_the_queue_starts(system):
    journal = system.environment.folder / "botssys/jobqueue.json"
    for content in ("[[", '{"a": 1}', '[["x"]]'):
        journal.write_text(content)
        with system.queue():
            assert system.call(["bots-engine", "--new"]) == 0
        assert "The jobs that waited are lost: " in system.environment.log(), content
        (system.environment.folder / "log").unlink()
    journal.write_text(json.dumps([[["touch", "/tmp/x"], 5, 0]]))
    with system.queue():
        system.wait_for("Given up: ['touch', '/tmp/x']: 'touch' is not bots-engine")


@on_mariadb
def test_a_job_that_waited_in_vain_for_another_engine_comes_again(system):
    orders = system.orders
    orders.put("alpha", range(3))
    gate = orders.gate("alpha", after=1)
    first = orders.engine("--new")
    orders.wait_at(gate)
    orders.put("beta", range(3))
    system.environment.variables["ENGINE_WAIT"] = "1"
    with system.queue(), system.pages() as pages:
        assert pages.press("beta").startswith(ADDED)
        system.wait_for("Given back, since it did not come to its end")
        gate.unlink()
        assert ended(first)[0] == 0
        wait_until(lambda: orders.sent("beta") == each_once(range(3)), "the job did not come again", 60)
        journal = system.environment.folder / "botssys/jobqueue.json"
        wait_until(lambda: json.loads(journal.read_text()) == [], "the job did not end")


@on_mariadb
def test_a_job_whose_engine_lost_the_lock_comes_again(system, database):
    orders = system.orders
    orders.put("alpha", range(3))
    gate = orders.gate("alpha", after=1)
    with system.queue():
        assert system.call(["bots-engine", "--new"]) == 0
        orders.wait_at(gate)
        database.kill(database.lock_holder())
        system.wait_for("Given back, since it did not come to its end")
        gate.unlink()
        finished(system, 2)
    assert set(orders.sent("alpha")) == set(range(3))


@on_sqlite
def test_a_queue_that_cannot_be_kept_to_bots_engine_does_not_start(system):
    (system.environment.config / "job_queue.py").unlink()
    done = system.environment.run("bots-jobqueueserver", f"-c{system.environment.config}")
    assert (done.returncode, done.stdout) == (1, "")
    reason = "No module named 'job_queue'"
    expected = f"Bots settings: the job queue cannot be kept to bots-engine, so it does not start: {reason}\n"
    assert done.stderr == expected


@on_sqlite
def test_without_a_gateway_the_pages_look_on_localhost_and_no_port_is_opened(system):
    port = system.gateway_port
    del system.environment.variables["JOBQUEUE_GATEWAY"]
    with system.queue(), system.environment.webserver():
        assert not accepts(port)
        assert Pages(system.environment.port).press("--new").startswith(ADDED)
        finished(system, 1)
