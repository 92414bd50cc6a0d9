"""config/engine_lock.py: one holder, on each database, whatever happens to it."""

import contextlib
import re
import select
import signal
import socket
import subprocess
import sys
import time

import pytest
from support import HERE, wait_until

on_servers = pytest.mark.parametrize("database", ["mysql", "postgresql"], indirect=True)

AT_ONCE = 2.0  # seconds
HOLDER = rf"host {re.escape(socket.gethostname())}, process (\d+), since \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d UTC"


class User:
    """A process that uses the lock, and what it said."""

    def __init__(self, environment, wait, changes):
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "lock_user.py"), str(wait), *changes],
            cwd=environment.folder,
            env=environment.process_variables(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def has_it(self):
        """Waits until it has the lock."""
        assert self.process.stdout.readline() == "held\n", self.process.stderr.read()
        return self

    def told(self):
        """Waits for the next line that it writes for people."""
        return self.process.stderr.readline().rstrip("\n")

    def end(self, text=""):
        """Has it send once for each line of text, and returns exit code and output when it has ended."""
        output, errors = self.process.communicate(text, timeout=30)
        return self.process.returncode, output, errors


@pytest.fixture
def user(environment, database):
    """Starts processes that use the lock, and ends them with the test."""
    with contextlib.ExitStack() as stack:

        def start(wait=60, *changes):
            started = User(environment, wait, changes)
            stack.enter_context(started.process)
            stack.callback(started.process.kill)
            return started

        yield start


def test_one_that_waits_says_for_whom_and_goes_on_when_that_one_ends(user):
    first = user().has_it()
    second = user()
    line = second.told()
    found = re.fullmatch(f"Bots engine: waiting for another one to end: {HOLDER}", line)
    assert found and int(found[1]) == first.process.pid, line
    assert first.end() == (0, "", "")
    assert second.has_it().end() == (0, "", "")


def test_the_wait_is_bounded_and_ends_with_its_own_exit_code(user):
    user().has_it()
    start = time.monotonic()
    code, output, errors = user(2).end()
    assert 2 <= time.monotonic() - start < 10
    assert (code, output) == (75, "")
    waiting, ended = errors.splitlines()
    assert re.fullmatch(f"Bots engine: nothing was run: after 2 s another one is still at work: {HOLDER}", ended)


def test_the_next_holder_is_named_too(user):
    first, second, third = user().has_it(), user(), user()
    second.told(), third.told()
    first.process.kill()
    # One of the two has it now, and the other says so.
    told = select.select([second.process.stderr, third.process.stderr], [], [], 30)[0]
    holder, waiter = (second, third) if told == [third.process.stderr] else (third, second)
    assert f"process {holder.process.pid}," in waiter.told()


def test_kill_9_frees_the_lock_at_once(user):
    first, second = user().has_it(), user()
    second.told()
    first.process.kill()
    start = time.monotonic()
    second.has_it()
    assert time.monotonic() - start < AT_ONCE


@on_servers
def test_after_its_connection_is_killed_it_sends_nothing_more(user, database):
    first = user(60, "PING=600").has_it()
    database.kill(database.lock_holder())
    code, output, errors = first.end("1\n2\n")
    assert (code, output) == (69, "")
    assert re.fullmatch(r"Bots engine: ended, because it lost the lock that keeps engines apart: .+\n", errors)


@on_servers
def test_the_loss_is_seen_while_nothing_is_sent(user, database):
    first = user(60, "PING=0.2").has_it()
    database.kill(database.lock_holder())
    first.process.wait(5)
    assert first.end()[0] == 69


@on_servers
def test_a_node_that_died_without_a_word_does_not_keep_the_lock(user, database):
    short = {
        "MySql": "MySql.prepare=SET SESSION wait_timeout = 1",
        "Postgresql": "PostgreSql.prepare=SET LOCAL idle_in_transaction_session_timeout = '1s'",
    }[type(database).__name__]
    first = user(60, short, "PING=0.2").has_it()
    time.sleep(2)
    first.process.send_signal(signal.SIGSTOP)
    user().has_it()
    first.process.send_signal(signal.SIGCONT)
    assert first.end("1\n")[:2] == (69, "")


@on_servers
def test_a_connection_that_nothing_else_keeps_busy_stays_alive(user, database):
    first = user(60, "PING=0.2").has_it()
    before = database.lock_holder()
    time.sleep(1)
    assert database.lock_holder() == before != ""
    assert first.end("1\n") == (0, "sent\n", "")


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_database_that_refuses_the_lock_is_told_in_one_line(user, database):
    database.server.sql(["REVOKE EXECUTE ON FUNCTION pg_try_advisory_xact_lock(bigint) FROM PUBLIC"], database.name)
    code, output, errors = user().end()
    assert (code, output) == (1, "")
    assert errors.count("\n") == 1
    assert errors.startswith("Bots engine: nothing was run: the lock that keeps engines apart cannot be had: ")
    assert "permission denied for function pg_try_advisory_xact_lock" in errors


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_database_that_only_pretends_is_not_believed(user, database):
    database.server.sql(
        [
            "CREATE FUNCTION pg_try_advisory_xact_lock(bigint) RETURNS boolean LANGUAGE sql AS 'SELECT true'",
            f"ALTER ROLE {database.name} SET search_path = public, pg_catalog",
        ],
        database.name,
    )
    code, _, errors = user().end()
    assert code == 1
    assert "RuntimeError: the database keeps no advisory lock" in errors


@on_servers
def test_a_database_that_is_down_is_told_in_one_line(user, environment, database):
    environment.variables["DB_PORT"] = "1"
    code, output, errors = user().end()
    assert (code, output, errors.count("\n")) == (1, "", 1)
    assert "OperationalError" in errors


@pytest.mark.parametrize("database", ["mysql"], indirect=True)
def test_pymysql_holds_it_too(user, environment, database):
    environment.hide("MySQLdb")
    first = user().has_it()
    wait_until(database.lock_holder, "the lock was not in the database")
    database.kill(database.lock_holder())
    assert first.end("1\n")[:2] == (69, "")
