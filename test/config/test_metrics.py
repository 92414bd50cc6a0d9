"""config/metrics.py, asked of a real web server: what real engines left, and what it says when the database is away."""

import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest
from orders import Orders
from support import HAS_BOTS, HERE, closed_port, silent_port, unreachable_port, wait_until

LIMIT = 2.0  # seconds, as for readiness
COST = 0.05  # seconds that an answer may take with a full database

needs_bots = pytest.mark.skipif(not HAS_BOTS, reason="Bots for this Django is not on the package index")
on_servers = pytest.mark.parametrize("database", ["mysql", "postgresql"], indirect=True)


def metrics(environment):
    """Asks for the metrics and returns each sample's value by what stands before it; the format has to be sound."""
    status, body, seconds = environment.get("/metrics")
    assert status == 200
    assert seconds < LIMIT
    promtool = [HERE.parent / "support/promtool", "check", "metrics"]
    done = subprocess.run(promtool, input=body, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), body
    return {name: float(value) for name, value in re.findall(r"^([^#\n]+) (\S+)$", body, re.MULTILINE)}


def of(command, samples):
    """Returns what a command's newest run is said to have done with files, without what is 0."""
    pattern = re.compile(rf'bots_run_files\{{command="{command}",state="(\w+)"\}}')
    return {match[1]: int(samples[name]) for name in samples if (match := pattern.match(name)) and samples[name]}


def recent(samples):
    """Returns what the runs of the last hour are said to have done with files, without what is 0."""
    pattern = re.compile(r'bots_recent_files\{state="(\w+)"\}')
    return {match[1]: int(samples[name]) for name in samples if (match := pattern.match(name)) and samples[name]}


def execute(environment, *statements):
    """Executes statements on the environment's database."""
    code = (
        "import sys; from bots import botsinit; botsinit.generalinit(sys.argv[1]); from django.db import connection\n"
        "for statement in sys.argv[2:]: connection.cursor().execute(statement)"
    )
    done = environment.run(sys.executable, "-c", code, str(environment.config), *statements, limit=300)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def orders(environment, database):
    """A route of an environment that is far from UTC, where its database is not."""
    environment.variables["TZ"] = "Asia/Kolkata"
    made = Orders(environment, "alpha")
    with made.engines:
        yield made


@needs_bots
def test_tell_what_the_runs_did(orders):
    environment = orders.environment
    with environment.webserver():
        samples = metrics(environment)
        collectors = ("runs", "schedules", "lock", "jobs", "inboxes")
        assert {samples[f'bots_collector_success{{collector="{name}"}}'] for name in collectors} == {1}
        assert samples["bots_jobqueue_jobs"] == 0
        assert samples['bots_run_success_timestamp_seconds{command="new"}'] == 0
        assert 'bots_run_success{command="new"}' not in samples

        orders.put("alpha", range(3))
        before = int(time.time())
        assert orders.run("--new")[0] == 0
        after = time.time()
        samples = metrics(environment)
        assert samples['bots_run_success{command="new"}'] == 1
        assert before <= samples['bots_run_timestamp_seconds{command="new"}'] <= after
        succeeded = samples['bots_run_success_timestamp_seconds{command="new"}']
        assert succeeded == samples['bots_run_timestamp_seconds{command="new"}']
        assert of("new", samples) == recent(samples) == {"received": 3, "sent": 3}

        outbox = orders.folder / "alpha/out"
        outbox.rename(outbox.with_name("away"))
        outbox.touch()
        orders.put("alpha", range(3, 5))
        assert orders.run("--new")[0] == 2
        samples = metrics(environment)
        assert samples['bots_run_success{command="new"}'] == 0
        assert samples['bots_run_success_timestamp_seconds{command="new"}'] == succeeded
        assert of("new", samples) == {"received": 2, "error": 2}
        assert recent(samples) == {"received": 5, "sent": 3, "error": 2}
        assert samples['bots_run_process_errors{command="new"}'] == samples["bots_recent_process_errors"] == 0
        assert samples['bots_recent_runs{outcome="success"}'] == samples['bots_recent_runs{outcome="errors"}'] == 1

        execute(environment, "UPDATE routes SET translateind = 0")  # which leaves what comes where it is
        orders.put("alpha", range(5, 6))
        assert orders.run("--new")[0] == 2
        samples = metrics(environment)
        assert of("new", samples) == {"received": 1, "stuck": 1}
        assert recent(samples) == {"received": 6, "sent": 3, "error": 2, "stuck": 1}

        execute(environment, "UPDATE channel SET lockname = 'lock'")
        (orders.folder / "alpha/in/lock").touch()
        assert orders.run("--new")[0] == 2
        samples = metrics(environment)
        assert samples['bots_run_process_errors{command="new"}'] == samples["bots_recent_process_errors"] == 1
        assert (samples['bots_recent_runs{outcome="success"}'], samples['bots_recent_runs{outcome="errors"}']) == (1, 3)


def of_schedules(samples):
    """Returns what is said of each schedule: when its newest run began, whether it succeeded, when one last did."""
    kinds = ("run_timestamp_seconds", "run_success", "run_success_timestamp_seconds")
    names = {match[1] for name in samples if (match := re.fullmatch(r'bots_schedule_\w+\{cronjob="([^"]+)"\}', name))}
    return {
        name: tuple(samples.get(f'bots_schedule_{kind}{{cronjob="{name}"}}') for kind in kinds) for name in sorted(names)
    }


@needs_bots
def test_tell_the_newest_run_of_each_schedule(orders):
    environment = orders.environment

    def run(schedule, *arguments):
        """Runs an engine for a schedule, in a second of its own; returns when, and its exit code."""
        time.sleep(1.1)
        environment.variables["ENGINE_SCHEDULE"] = schedule
        began = time.time()
        return began, orders.run(*arguments)[0]

    def began_since(moment, schedule):
        """Returns when a schedule's run is said to have begun, which is after a moment."""
        began = of_schedules(metrics(environment))[schedule][0]
        assert int(moment) <= began <= time.time()
        return began

    with environment.webserver():
        assert of_schedules(metrics(environment)) == {}
        orders.run("--new")  # by hand, of no schedule
        assert of_schedules(metrics(environment)) == {}

        moment, code = run("bots-engine", "--new")
        assert code == 0
        first = began_since(moment, "bots-engine")
        assert of_schedules(metrics(environment)) == {"bots-engine": (first, 1, first)}

        moment, code = run("bots-engine-night", "--new", "nowhere")
        assert code == 78
        night = began_since(moment, "bots-engine-night")
        both = {"bots-engine": (first, 1, first), "bots-engine-night": (night, 0, 0)}
        assert of_schedules(metrics(environment)) == both

        # One that is at work, is killed, and was in vain waited for meanwhile.
        orders.put("alpha", range(3))
        gate = orders.gate("alpha", after=1)
        time.sleep(1.1)
        environment.variables["ENGINE_SCHEDULE"] = "bots-engine"
        engine = orders.engine("--new")
        orders.wait_at(gate)
        second = of_schedules(metrics(environment))["bots-engine"][0]
        assert second > first
        assert of_schedules(metrics(environment)) == {**both, "bots-engine": (second, None, first)}
        environment.variables["ENGINE_WAIT"] = "1"
        assert run("bots-engine-night", "--new")[1] == 75
        assert of_schedules(metrics(environment)) == {**both, "bots-engine": (second, None, first)}
        engine.kill()
        engine.wait()
        gate.unlink()
        wait_until(lambda: metrics(environment)["bots_engine_lock_held"] == 0, "the lock is still held")
        assert of_schedules(metrics(environment)) == {**both, "bots-engine": (second, 0, first)}

        moment, code = run("bots-engine-night", "--new")
        assert code == 0
        night = began_since(moment, "bots-engine-night")
        assert of_schedules(metrics(environment))["bots-engine-night"] == (night, 1, night)


@needs_bots
def test_tell_what_waits_in_inboxes_and_who_holds_the_lock(orders):
    environment, inbox = orders.environment, orders.folder / "alpha/in"
    orders.put("alpha", range(2))
    (inbox / "not-an-order.txt").touch()
    (inbox / "folder.edi").mkdir()
    with environment.webserver():
        samples = metrics(environment)
        came = [int((inbox / f"{number}.edi").stat().st_ctime) for number in range(2)]
        assert samples["bots_inbox_files"] == 2
        assert samples["bots_inbox_oldest_file_timestamp_seconds"] == min(came)
        assert samples["bots_engine_lock_held"] == 0

        gate = orders.gate("alpha", after=1)
        engine = orders.engine("--new")
        orders.wait_at(gate)
        samples = metrics(environment)
        assert samples["bots_inbox_files"] == 0
        assert "bots_inbox_oldest_file_timestamp_seconds" not in samples
        assert samples["bots_engine_lock_held"] == 1
        assert 0 <= time.time() - samples['bots_engine_lock_since_timestamp_seconds{workload="other"}'] < 60
        note = environment.folder / "botssys/engine.lock"
        note.write_text(re.sub(r"host \S+,", "host bots-engine-29402735-x7k2p,", note.read_text()))
        assert 'bots_engine_lock_since_timestamp_seconds{workload="bots-engine"}' in metrics(environment)
        gate.unlink()
        engine.communicate(timeout=60)
        samples = metrics(environment)
        assert samples["bots_engine_lock_held"] == 0
        assert not [name for name in samples if name.startswith("bots_engine_lock_since")]


@needs_bots
@pytest.mark.parametrize("database", ["mysql"], indirect=True)
def test_tell_only_of_what_waits_for_bots(orders):
    environment = orders.environment
    orders.put("alpha", range(2))
    with environment.webserver():
        assert metrics(environment)["bots_inbox_files"] == 2
        execute(environment, "UPDATE channel SET remove = 0")
        assert metrics(environment)["bots_inbox_files"] == 0
        execute(environment, "UPDATE channel SET remove = 1", "UPDATE routes SET active = 0")
        assert metrics(environment)["bots_inbox_files"] == 0


@needs_bots
@pytest.mark.parametrize("database", ["mysql"], indirect=True)
def test_count_a_run_that_took_longer_than_the_hour_and_name_no_command_that_is_none(orders):
    environment = orders.environment
    columns = "idta, ts, type, status, lasterror, lastreceived, lastdone, lastopen, lastok, send, processerrors"
    runs = [(1, 9000, "new", 3), (2, 8000, "rereceive", 20), (3, 3000, "acme-special", 100)]
    values = ", ".join(
        f"({idta}, NOW() - INTERVAL {seconds} SECOND, '{kind}', 1, {files}, {files}, 0, 0, 0, 0, 0)"
        for idta, seconds, kind, files in runs
    )
    execute(environment, f"INSERT INTO report ({columns}) VALUES {values}")
    with environment.webserver():
        samples = metrics(environment)
        assert of("new", samples) == {"received": 3, "error": 3}
        assert of("rereceive", samples) == {"received": 20, "error": 20}
        assert of("other", samples) == {"received": 100, "error": 100}
        assert recent(samples) == {"received": 120, "error": 120}
        assert "acme" not in environment.get("/metrics")[1]


@pytest.mark.parametrize("engine", ["mysql", "postgresql"])
@pytest.mark.parametrize("database", [closed_port, silent_port, unreachable_port])
def test_without_a_database_they_say_so_in_time(environment, engine, database):
    with database() as port:
        environment.variables.update(
            DB_ENGINE=engine, DB_HOST="127.0.0.1", DB_PORT=str(port), DB_NAME="b", DB_USER="b", DB_PASSWORD="b"
        )
        with environment.webserver():
            for _ in range(3):
                samples = metrics(environment)
                assert samples['bots_check{check="database"}'] == samples['bots_check{check="tables"}'] == 0
                assert samples['bots_check{check="botssys"}'] == samples['bots_check{check="usersys"}'] == 1
                assert {value for name, value in samples.items() if "collector" in name} == {0}
                assert {name.split("{")[0] for name in samples} == {"bots_check", "bots_collector_success"}


def test_what_cannot_be_read_is_left_out_and_the_log_says_why(environment):
    Path(environment.folder / "botssys/sqlitedb/botsdb").touch()
    with environment.webserver():
        wait_until(lambda: environment.get("/health/ready")[0] == 200, "not ready")
        samples = metrics(environment)
        assert samples['bots_check{check="database"}'] == 1
        assert samples['bots_collector_success{collector="runs"}'] == 0
        assert samples['bots_collector_success{collector="lock"}'] == 1
        assert samples['bots_collector_success{collector="inboxes"}'] == 0
        assert "/metrics: runs: OperationalError: no such table: report" in environment.log()


@needs_bots
@on_servers
def test_cost_little_with_100_000_transactions(orders, database):
    environment = orders.environment
    if environment.variables["DB_ENGINE"] == "mysql":
        numbers, ago, yes = "seq_1_to_{}", "NOW() - INTERVAL seq MINUTE", "seq"
    else:
        numbers, ago, yes = "generate_series(1, {}) AS seq", "NOW() - seq * INTERVAL '1 minute'", "seq"
    run = f"{{}} - {yes}, {ago}, 'new', false, 0, 10, 10, 0, 0, 10, 0"
    columns = "idta, ts, type, status, lasterror, lastreceived, lastdone, lastopen, lastok, send, processerrors"
    execute(
        environment,
        f"INSERT INTO ta (status, statust, idroute) SELECT 520, 3, 'alpha' FROM {numbers.format(100_000)}",
        f"INSERT INTO report ({columns}) SELECT {run.format(100_000)} FROM {numbers.format(10_000)}",
    )
    orders.put("alpha", range(200))
    with environment.webserver():
        samples = metrics(environment)
        assert samples['bots_recent_files{state="sent"}'] >= 590
        assert samples["bots_inbox_files"] == 200
        times = sorted(environment.get("/metrics")[2] for _ in range(21))
        print(f"{database.__class__.__name__}: median {statistics.median(times):.4f} s, {times[0]:.4f} to {times[-1]:.4f}")
        assert statistics.median(times) < COST
