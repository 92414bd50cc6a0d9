"""config/migrations.py: a pod waits until the database is at the migrations of its image, and never for ever."""

import subprocess
import sys
import time

import pytest
from support import HAS_BOTS, closed_port

pytestmark = pytest.mark.skipif(not HAS_BOTS, reason="Bots for this Django is not on the package index")
MISSING = "the database is not at this image's migrations: "


def command(environment, *arguments):
    """Returns the command that a pod runs."""
    return [sys.executable, str(environment.config / "migrations.py"), *arguments]


def start(environment, seconds):
    """Starts the wait, and returns once it says that it waits."""
    process = subprocess.Popen(
        command(environment, str(seconds)),
        cwd=environment.folder,
        env=environment.process_variables(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    line = process.stdout.readline()
    assert line.startswith(f"waiting for db-init: {MISSING}"), line + process.stderr.read()
    return process


def test_an_empty_database_is_not_at_them_and_one_that_is_made_is(environment, database):
    done = environment.run(*command(environment))
    assert done.returncode == 1
    assert done.stderr.startswith(MISSING) and "auth.0001_initial" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    environment.init_db()
    done = environment.run(*command(environment))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_pod_goes_on_as_soon_as_they_are_there(environment, database):
    with start(environment, 60) as process:
        environment.init_db()
        began = time.monotonic()
        assert process.wait(30) == 0, process.stderr.read()
        assert time.monotonic() - began < 5


def test_a_pod_says_after_its_time_what_is_missing(environment):
    with start(environment, 0.5) as process:
        assert process.wait(30) == 1
        assert process.stderr.read().startswith(MISSING)


def test_a_database_that_restarts_is_not_taken_for_one_that_is_at_them(environment, mariadb):
    server = {"DB_HOST": "127.0.0.1", "DB_PORT": str(mariadb.port), "DB_NAME": "bots", "DB_USER": "bots"}
    environment.variables.update(server, DB_ENGINE="mysql", DB_PASSWORD="password-of-the-test")
    with start(environment, 60) as process:
        mariadb.stop()
        time.sleep(3)
        assert process.poll() is None
        mariadb.start()
        environment.init_db()
        assert process.wait(30) == 0, process.stderr.read()


def test_where_it_cannot_be_known_the_service_says_by_itself_what_is_wrong(environment, database):
    if environment.variables["DB_ENGINE"] == "sqlite":
        environment.variables["DB_ENGINE"] = "mysql"
        environment.variables.update(DB_NAME="x", DB_USER="x", DB_PASSWORD="x", DB_HOST="127.0.0.1")
    with closed_port() as port:
        environment.variables["DB_PORT"] = str(port)
        done = environment.run(*command(environment, "60"))
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("migrations not looked at: OperationalError: ")
        assert len(done.stdout.splitlines()) == 1
        assert environment.run(*command(environment)).returncode == 1
