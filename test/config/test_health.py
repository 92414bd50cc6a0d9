"""The answers under /health, asked of a real web server: with a database that answers, is down, or hangs."""

import os
import signal
import threading
import time

import pytest
from support import (
    HAS_BOTS,
    LIVE_LIMIT,
    READY_LIMIT,
    closed_port,
    median_of_live,
    silent_port,
    unreachable_port,
    use_server,
    wait_until,
)

WAITING_LIMIT = 13.0  # seconds: the driver's 5 s, twice, and what it takes to answer those that waited
RECOVERY_LIMIT = 3.0


def threads_of(process):
    """Returns how many threads a process has."""
    return len(os.listdir(f"/proc/{process.pid}/task"))


def assert_not_ready(environment, path="/health/ready"):
    """Asserts that the path answers 503 in time, because of the database and nothing else."""
    status, body, seconds = environment.get(path)
    assert status == 503
    assert body["status"] == "failed"
    assert body["checks"]["database"] is False
    assert body["checks"]["botssys"] is body["checks"]["usersys"] is True
    assert seconds < READY_LIMIT


@pytest.mark.parametrize("driver", ["mysqlclient", "PyMySQL", "psycopg"])
@pytest.mark.parametrize("database", [closed_port, silent_port, unreachable_port])
def test_without_a_database_it_lives_and_is_not_ready(environment, driver, database):
    with database() as port:
        use_server(environment, "postgresql" if driver == "psycopg" else "mysql", port)
        if driver == "PyMySQL":
            environment.hide("MySQLdb")
        with environment.webserver():
            assert median_of_live(environment) < LIVE_LIMIT
            assert_not_ready(environment)
            assert_not_ready(environment)
            assert_not_ready(environment, "/health/startup")
            assert median_of_live(environment) < LIVE_LIMIT

            # The driver itself gives up soon after, so that the check can see the database come back.
            def given_up():
                assert_not_ready(environment)
                return "/health/ready: database: OperationalError: " in environment.log()

            wait_until(given_up, "the driver did not give up", RECOVERY_LIMIT)


@pytest.mark.skipif(not HAS_BOTS, reason="Bots for this Django is not on the package index")
@pytest.mark.parametrize("driver", ["mysqlclient", "psycopg"])
def test_a_page_without_a_database_wrote_40_kb_to_the_log_volume_it_says_so_in_one_line(environment, driver):
    with closed_port() as port:
        use_server(environment, "postgresql" if driver == "psycopg" else "mysql", port)
        with environment.webserver():
            [written] = (environment.folder / "botssys/logging").rglob("webserver.log")
            before = written.stat().st_size
            for path in ("/login/", "/"):
                status, body, _ = environment.get(path, Host="localhost")
                assert (status, body) == (503, "The database does not answer. Nothing was changed; try again in a minute.")
                told = [line for line in environment.log().splitlines() if f" {path}: the database does not answer: " in line]
                assert len(told) == 1, environment.log()
            assert written.stat().st_size == before


def test_many_probes_of_a_hanging_database_cost_two_threads_and_leave_live_alone(environment):
    with silent_port() as port:
        use_server(environment, "mysql", port)
        with environment.webserver() as process:
            environment.get("/health/live")
            before = threads_of(process)
            answers, most = [], [before]
            probes = [
                threading.Thread(target=lambda: answers.append(environment.get("/health/ready"))) for _ in range(40)
            ]
            for probe in probes:
                probe.start()
            slowest = 0
            while any(probe.is_alive() for probe in probes):
                most.append(threads_of(process))
                slowest = max(slowest, environment.get("/health/live")[2])
                time.sleep(0.05)
            assert [status for status, _, _ in answers] == [503] * 40
            assert max(most) - before <= 2  # one looks, and the second of two that answer probes
            # Live waits at most for those who came first: the others do not wait for the database again.
            assert slowest < READY_LIMIT
            assert median_of_live(environment) < LIVE_LIMIT


@pytest.mark.skipif(not HAS_BOTS, reason="Bots for this Django is not on the package index")
@pytest.mark.parametrize("driver", ["mysqlclient", "psycopg"])
def test_pages_that_waited_for_the_database_held_every_thread_and_live_waited_for_them_all(environment, driver):
    with silent_port() as port:
        use_server(environment, "postgresql" if driver == "psycopg" else "mysql", port)
        with environment.webserver():
            for limit in (WAITING_LIMIT, READY_LIMIT):  # the first ones find out; nobody waits after them
                answers = []
                pages = [
                    threading.Thread(target=lambda: answers.append(environment.get("/login/", limit=30, Host="localhost")))
                    for _ in range(60)
                ]
                for page in pages:
                    page.start()
                time.sleep(0.5)  # until they are there
                assert environment.get("/health/live", limit=30)[2] < READY_LIMIT
                for page in pages:
                    page.join()
                assert [status for status, _, _ in answers] == [503] * 60
                assert max(seconds for _, _, seconds in answers) < limit


@pytest.mark.parametrize("driver", ["mysqlclient", "PyMySQL"])
def test_follows_a_real_database_through_its_life(environment, mariadb, driver):
    use_server(environment, "mysql", mariadb.port)
    if driver == "PyMySQL":
        environment.hide("MySQLdb")
    with environment.webserver():
        assert environment.get("/health/ready")[0] == 200
        status, body, _ = environment.get("/health/startup")
        assert (status, body["checks"]) == (
            503,
            {"database": True, "tables": False, "botssys": True, "usersys": True},
        )
        assert "/health/startup: tables: missing: channel, mutex, routes, ta" in environment.log()

        environment.init_db()
        assert environment.get("/health/startup")[:2] == (
            200,
            {"status": "ok", "checks": {"database": True, "tables": True, "botssys": True, "usersys": True}},
        )

        mariadb.signal(signal.SIGSTOP)
        assert_not_ready(environment)
        assert median_of_live(environment) < LIVE_LIMIT
        mariadb.signal(signal.SIGCONT)
        wait_until(lambda: environment.get("/health/ready")[0] == 200, "not ready again", RECOVERY_LIMIT)

        mariadb.stop()
        assert_not_ready(environment)
        assert median_of_live(environment) < LIVE_LIMIT
        mariadb.start()
        wait_until(lambda: environment.get("/health/ready")[0] == 200, "not ready again", RECOVERY_LIMIT)


def test_a_wrong_password_is_not_ready_and_the_body_tells_nobody_why(environment, mariadb):
    use_server(environment, "mysql", mariadb.port)
    environment.variables["DB_PASSWORD"] = "a-wrong-one"
    with environment.webserver():
        status, body, _ = environment.get("/health/ready")
        assert (status, body) == (
            503,
            {"status": "failed", "checks": {"database": False, "botssys": True, "usersys": True}},
        )
        assert "Access denied for user 'bots'" in environment.log()
        assert "a-wrong-one" not in environment.log()


def test_startup_waits_for_the_tables_of_a_file(environment):
    database = environment.folder / "botssys/sqlitedb/botsdb"
    with environment.webserver():
        assert environment.get("/health/startup")[0] == 503
        assert not database.exists(), "the check made the file that it looked for"
        environment.init_db()
        wait_until(lambda: environment.get("/health/startup")[0] == 200, "not started", RECOVERY_LIMIT)
        assert environment.get("/health/ready")[0] == 200


@pytest.mark.parametrize("name", ["botssys", "usersys"])
def test_a_missing_directory_is_not_ready(environment, name):
    environment.init_db()
    with environment.webserver():
        (environment.folder / name).rename(environment.folder / "away")
        status, body, _ = environment.get("/health/ready")
        assert (status, body["checks"][name]) == (503, False)
        assert f"no directory {environment.folder / name}" in environment.log()
        (environment.folder / "away").rename(environment.folder / name)
        wait_until(lambda: environment.get("/health/ready")[0] == 200, "not ready again", RECOVERY_LIMIT)


def test_paths_and_methods(environment):
    environment.variables["ALLOWED_HOSTS"] = "bots.example.com"
    environment.init_db()
    with environment.webserver():
        for path in ("/health", "/health/", "/health/nope", "/health/live/more", "/health//live", "/health/LIVE"):
            status, body, _ = environment.get(path)
            assert (path, status, body["status"]) == (path, 404, "not found")
        assert environment.get("/health/live")[:2] == (200, {"status": "ok", "checks": {"pages": True}})
        assert environment.get("/health/live/")[0] == 200
        assert environment.get("/health/live?probe=1")[0] == 200
        assert environment.get("/health/live", "HEAD")[:2] == (200, "")
        # A probe comes by the pod's address, a user by the name; "/healthy" is Bots' business.
        assert environment.get("/health/ready", Host="10.244.1.7:8080")[0] == 200
        assert environment.get("/login/", Host="10.244.1.7:8080")[0] == 400
        assert environment.get("/login/", Host="bots.example.com")[0] == 200
        assert not isinstance(environment.get("/healthy", Host="bots.example.com")[1], dict)
