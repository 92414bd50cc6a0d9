"""Bots' own programs on the project's two files."""

import signal

import pytest
from support import BIN, HAS_BOTS, wait_until

pytestmark = pytest.mark.skipif(not HAS_BOTS, reason="Bots for this Django is not on the package index")


@pytest.mark.parametrize("program", ["webserver", "engine", "jobqueueserver", "dirmonitor"])
def test_without_the_secret_key_no_program_starts_and_one_line_says_why(environment, program):
    del environment.variables["DJANGO_SECRET_KEY"]
    done = environment.run(f"bots-{program}", f"-c{environment.config}")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == "Bots settings: not set in the container's environment: DJANGO_SECRET_KEY\n"


def test_the_engine_runs_with_scripts_from_the_absolute_usersys(environment):
    environment.init_db()
    scripts = environment.folder / "usersys/routescripts"
    scripts.mkdir()
    (scripts / "botsengine.py").write_text("def pre(*args, **kwargs):\n    print('the script ran')\n")
    done = environment.run("bots-engine", f"-c{environment.config}", "--new")
    assert done.returncode == 0, done.stderr
    assert "the script ran\n" in done.stdout


def test_the_console_has_every_line_once_from_log_level_on(environment):
    environment.init_db()
    done = environment.run("bots-engine", f"-c{environment.config}", "--new")
    assert done.stderr.count("Connected to database") == 1
    environment.variables["LOG_LEVEL"] = "ERROR"
    done = environment.run("bots-engine", f"-c{environment.config}", "--new")
    assert (done.returncode, done.stderr) == (0, "")


def test_the_web_server_shows_the_login_page_and_its_static_files(environment):
    environment.init_db()
    with environment.webserver() as process:
        status, body, _ = environment.get("/login/")
        assert status == 200
        assert "csrfmiddlewaretoken" in body
        style = next(part for part in body.split('"') if part.startswith("/static/") and part.endswith(".css"))
        assert environment.get(style)[0] == 200
        assert environment.log().count("configdir") == 1
        process.send_signal(signal.SIGTERM)
        process.wait(10)


def test_the_job_queue_takes_a_job(environment):
    # Not that it runs: the launcher of Bots 3.3.1 waits on a queue into which its server puts nothing.
    environment.init_db()
    command = [str(BIN / "bots-jobqueueserver"), f"-c{environment.config}"]
    with environment.server(*command, port=environment.queue_port):
        done = environment.run("bots-job2queue", "bots-engine", f"-c{environment.config}", "--new")
        assert done.returncode == 0, done.stderr
        wait_until(lambda: "Added job 1" in environment.log(), "the job was not taken")
