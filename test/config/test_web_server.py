"""What config/web_server.py mends on Bots' web server, tried on a real one."""

import concurrent.futures
import contextlib
import signal
import socket
import time

import pytest
from support import HAS_BOTS, LIVE_LIMIT, READY_LIMIT, median_of_live, use_server, wait_until

THREADS = 10  # that answer pages
STUCK = 5.0  # seconds after which they are taken to hang
SESSION = {"Cookie": "bots_sessionid_default=a-session-that-is-looked-for", "Host": "localhost"}

of_bots = pytest.mark.skipif(not HAS_BOTS, reason="Bots for this Django is not on the package index")


@of_bots
def test_most_of_a_burst_while_the_web_server_was_busy_had_no_answer_in_10_s(environment):
    environment.init_db()
    with environment.webserver() as process, concurrent.futures.ThreadPoolExecutor(50) as people:
        process.send_signal(signal.SIGSTOP)
        answers = [people.submit(environment.get, "/login/") for _ in range(50)]
        time.sleep(1)
        process.send_signal(signal.SIGCONT)
        assert {answer.result()[0] for answer in answers} == {200}


@contextlib.contextmanager
def waiting_pages(environment, mariadb):
    """Runs a web server each of whose threads waits for a lock in the database, and as many pages that wait for a thread."""
    use_server(environment, "mysql", mariadb.port)
    environment.init_db()
    with environment.webserver(), concurrent.futures.ThreadPoolExecutor(2 * THREADS + 1) as people:
        held = people.submit(mariadb.sql, ["LOCK TABLES django_session WRITE", "SELECT SLEEP(20)"], "bots")
        wait_until(lambda: mariadb.sql(["SHOW OPEN TABLES FROM bots WHERE In_use > 0"]), "nobody holds the lock")
        pages = [people.submit(environment.get, "/login/", limit=30, **SESSION) for _ in range(2 * THREADS)]
        waiting = "SELECT COUNT(*) FROM information_schema.processlist WHERE state LIKE 'Waiting for table%'"
        wait_until(lambda: int(mariadb.sql([waiting])) == THREADS, "not every thread waits for the lock")
        yield
        assert not held.done()
        assert {page.result()[0] for page in pages} == {200}


@of_bots
def test_pages_that_waited_for_a_lock_held_every_thread_and_no_probe_was_answered(environment, mariadb):
    with waiting_pages(environment, mariadb):
        assert median_of_live(environment) < LIVE_LIMIT
        for path in ("/health/ready", "/metrics"):
            status, _, seconds = environment.get(path)
            assert (status, seconds < READY_LIMIT) == (200, True)


@of_bots
def test_a_web_server_whose_threads_all_hang_is_not_live(environment, mariadb):
    settings = environment.config / "settings.py"
    text = settings.read_text()
    assert text.count("stuck = 600.0") == 1
    settings.write_text(text.replace("stuck = 600.0", f"stuck = {STUCK}"))
    with waiting_pages(environment, mariadb):
        assert environment.get("/health/live")[:2] == (200, {"status": "ok", "checks": {"pages": True}})
        time.sleep(STUCK)
        assert environment.get("/health/live")[:2] == (503, {"status": "failed", "checks": {"pages": False}})
        assert "/health/live: pages: no page of 10 has come to its end in 5 s" in environment.log()
        assert environment.get("/health/ready")[0] == 200


def test_connections_that_say_nothing_held_every_thread_for_10_s(environment):
    with environment.webserver(), contextlib.ExitStack() as silent:
        for _ in range(2 * THREADS):
            silent.enter_context(socket.create_connection(("127.0.0.1", environment.port)))
        assert environment.get("/a-page", Host="localhost")[2] < READY_LIMIT
        assert median_of_live(environment) < LIVE_LIMIT


def test_requests_of_one_connection_are_answered_whole_or_in_parts(environment):
    with environment.webserver(), socket.create_connection(("127.0.0.1", environment.port), timeout=10) as client:
        for parts in (1, 2, 1, 2):
            request = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"
            for part in (request[: len(request) // parts], request[len(request) // parts :]):
                client.sendall(part)
                time.sleep(0.1)
            assert client.recv(4096).startswith(b"HTTP/1.1 200 OK\r\n")


def test_connections_that_end_before_they_are_answered_cost_nothing(environment):
    with environment.webserver():
        for said in (b"", b"GET /heal", b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"):
            for _ in range(2 * THREADS):
                with socket.create_connection(("127.0.0.1", environment.port)) as client:
                    # With a reset where something was said, so that reading from it fails.
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                    client.sendall(said)
        assert median_of_live(environment) < LIVE_LIMIT
