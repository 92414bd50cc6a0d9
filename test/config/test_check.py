"""config/check.py: what is wrong with a configuration is said before anything runs with it, all at once."""

import contextlib
import socket
import sys
import threading

import databases
import pytest
from conftest import numbers
from support import HAS_BOTS, closed_port

pytestmark = pytest.mark.skipif(not HAS_BOTS, reason="Bots for this Django is not on the package index")
on_servers = pytest.mark.parametrize("database", ["mysql", "postgresql"], indirect=True)


@pytest.fixture(autouse=True)
def as_deployed(environment):
    """The web server's port is that of the image, which the tests of other files change."""
    edit(environment, "bots.ini", f"port = {environment.port}", "port = 8080")


def edit(environment, file, old, new):
    """Changes a text of a configuration file that is there once."""
    path = environment.config / file
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


def append(environment, file, text):
    """Appends to a configuration file."""
    with open(environment.config / file, "a") as opened:
        opened.write(text)


def check(environment, *directories):
    """Returns exit code, faults and notes."""
    done = environment.run(sys.executable, str(environment.config / "check.py"), *map(str, directories))
    notes = done.stdout.splitlines()
    assert all(line.startswith("note: ") for line in notes), done.stdout
    return done.returncode, done.stderr.splitlines(), [line[len("note: ") :] for line in notes]


def refused(environment, *directories):
    """Returns the faults of a configuration that has to be refused."""
    code, faults, _ = check(environment, *directories)
    assert code == 1
    return faults


def test_a_good_configuration_is_passed_over_in_silence_before_and_after_the_tables(environment, database):
    made = environment.folder / "made" / "below"
    assert check(environment, made) == (0, [], [])
    assert list(made.iterdir()) == []
    environment.init_db()
    assert check(environment, made) == (0, [], [])


def test_everything_wrong_is_said_at_once_a_line_each(environment):
    (environment.folder / "file").write_text("")
    append(environment, "bots.ini", "[settings]\n")
    environment.variables.update(DB_ENGINE="mysql", TZ="Mars/Base", DB_READ_TIMEOUT="soon")
    del environment.variables["DJANGO_SECRET_KEY"]
    directory, ini, *settings = refused(environment, environment.folder / "file" / "below")
    assert directory.startswith(f"{environment.folder}/file/below: Not a directory: user ")
    assert ini.startswith("bots.ini: While reading from ") and ini.endswith("section 'settings' already exists")
    assert settings == [
        "settings.py: DB_READ_TIMEOUT is 'soon': expected a whole number from 1 to 86400",
        "settings.py: TZ is 'Mars/Base': expected the name of a time zone, such as Europe/Paris",
        "settings.py: not set in the container's environment:"
        " DB_NAME, DB_USER, DB_PASSWORD, DB_HOST, DJANGO_SECRET_KEY",
    ]


def test_a_file_that_is_no_python_is_named_with_its_line(environment):
    lines = len((environment.config / "settings.py").read_text().splitlines())
    append(environment, "settings.py", "def broken(:\n")
    append(environment, "bots.ini", "what is this?\n")
    ini, settings = refused(environment)
    assert ini.startswith("bots.ini: Source contains parsing errors") and ini.endswith(r"'what is this?\n'")
    assert settings == f"settings.py: line {lines + 1}: invalid syntax"


def test_a_relative_directory_is_refused(environment):
    edit(environment, "bots.ini", f"botssys = {environment.folder}/botssys", "botssys = botssys")
    assert refused(environment) == ["bots.ini: [directories] botssys is 'botssys': expected an absolute path"]


@pytest.mark.parametrize("file", ["settings.py", "engine_lock.py", "metrics.py"])
def test_a_file_that_does_not_load_is_named_with_its_line(environment, file):
    lines = len((environment.config / file).read_text().splitlines())
    append(environment, file, "\nundefined()\n")
    assert refused(environment) == [f"{file}: line {lines + 2}: NameError: name 'undefined' is not defined"]


def test_settings_without_the_probes_answers_are_refused(environment):
    append(environment, "settings.py", "\nMIDDLEWARE = MIDDLEWARE[1:]\n")
    assert refused(environment) == ["settings.py: MIDDLEWARE is without HealthEndpoints, which answers the probes"]


def test_another_port_of_the_web_server_is_refused(environment):
    edit(environment, "bots.ini", "port = 8080", "port = 8081")
    assert refused(environment) == ["bots.ini: [webserver] port is '8081': expected 8080, where Service and probes look"]


def test_no_host_is_refused_and_an_origin_that_is_not_allowed_is_noted(environment):
    environment.variables.update(ALLOWED_HOSTS="a.b,.c.d", CSRF_TRUSTED_ORIGINS="https://a.b,https://x.c.d,https://*.c.d")
    assert check(environment) == (0, [], [])
    environment.variables.update(CSRF_TRUSTED_ORIGINS="https://e.f")
    code, faults, [note] = check(environment)
    assert (code, faults) == (0, [])
    assert "e.f, which ALLOWED_HOSTS does not allow" in note
    append(environment, "settings.py", "\nALLOWED_HOSTS = []\n")
    assert refused(environment) == ["settings.py: ALLOWED_HOSTS is empty: every page would answer 400"]


@on_servers
def test_a_database_that_lets_nobody_in_or_is_away_is_refused(environment, database):
    environment.variables["DB_NAME"] = "nowhere"
    [fault] = refused(environment)
    assert fault.startswith("database: OperationalError: ") and "nowhere" in fault
    with closed_port() as port:
        environment.variables["DB_PORT"] = str(port)
        [fault] = refused(environment)
        assert fault.startswith("database: OperationalError: ")


def test_a_character_set_is_refused_as_long_as_it_can_be_changed_and_noted_later(environment, mariadb_of_all):
    database = databases.MySql(mariadb_of_all, "mysql", f"bots{next(numbers)}")
    environment.variables.update(database.variables)
    mariadb_of_all.sql([f"ALTER DATABASE {database.name} CHARACTER SET latin1"])
    begin = f"database: the character set of {database.name} is latin1: expected utf8mb4, "
    [fault] = refused(environment)
    assert fault.startswith(begin) and fault.endswith(f": ALTER DATABASE {database.name} CHARACTER SET utf8mb4")
    environment.init_db()
    code, faults, [note, of_tables] = check(environment)
    assert (code, faults, note) == (0, [], fault)
    assert of_tables.startswith("database: the character set of the tables ")


def test_an_encoding_of_postgresql_is_refused_as_long_as_it_can_be_changed(environment, postgresql_of_all):
    name = f"bots{next(numbers)}"
    encoding = "ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
    postgresql_of_all.sql([f"CREATE USER {name} PASSWORD '{name}'", f"CREATE DATABASE {name} OWNER {name} {encoding}"])
    server = {"DB_HOST": "127.0.0.1", "DB_PORT": str(postgresql_of_all.port), "DB_NAME": name}
    environment.variables.update(server, DB_ENGINE="postgresql", DB_USER=name, DB_PASSWORD=name)
    [fault] = refused(environment)
    assert fault.startswith(f"database: the character set of {name} is LATIN1: expected UTF8, ")


def test_migrations_that_will_run_and_those_of_another_image_are_noted(environment, database):
    environment.init_db()
    statement = "UPDATE django_migrations SET name = '0099_later' WHERE app = 'sessions'"
    done = environment.run(sys.executable, "-c", SQL, str(environment.config), statement)
    assert done.returncode == 0, done.stderr
    code, faults, notes = check(environment)
    assert (code, faults) == (0, [])
    assert notes == [
        "database: migrations that will run now: sessions.0001_initial",
        "database: migrations of another image, which this one does not know: sessions.0099_later",
    ]


SQL = """
import os, sys
sys.path.insert(0, sys.argv[1])
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute(sys.argv[2])
"""


@contextlib.contextmanager
def mail_server(login):
    """A mail server that answers to a login with this line; yields its port, and what it was told."""
    told = []

    def serve(listener):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection, connection.makefile("rw", newline="\r\n") as lines:
                    answer(lines)

    def answer(lines):
        print("220 mail", file=lines, flush=True)
        for line in lines:
            told.append(line.split()[0])
            answers = {"EHLO": "250-mail\n250 AUTH PLAIN", "AUTH": login, "QUIT": "221 bye"}
            print(answers.get(line.split()[0].upper(), "502 what?"), file=lines, flush=True)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=[listener], daemon=True).start()
        yield listener.getsockname()[1], told
        listener.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def reports(environment):
    """Reports are sent, by the mail server that the environment names."""
    edit(environment, "bots.ini", "sendreportiferror = False", "sendreportiferror = True")
    environment.variables.update(ADMIN_EMAIL="edi@example.com", EMAIL_HOST="127.0.0.1")


def test_a_login_at_the_mail_server_is_tried_and_nothing_is_sent(environment, reports):
    environment.variables.update(EMAIL_HOST_USER="bots", EMAIL_HOST_PASSWORD="right")
    with mail_server("235 welcome") as (port, told):
        environment.variables["EMAIL_PORT"] = str(port)
        assert check(environment) == (0, [], [])
    assert [word.upper() for word in told] == ["EHLO", "AUTH", "QUIT"]
    with mail_server("535 who are you?") as (port, told):
        environment.variables["EMAIL_PORT"] = str(port)
        [fault] = refused(environment)
        assert fault == "mail: 127.0.0.1 refuses EMAIL_HOST_USER and EMAIL_HOST_PASSWORD: who are you?"


def test_a_mail_server_that_is_away_hinders_nothing(environment, reports):
    with closed_port() as port:
        environment.variables["EMAIL_PORT"] = str(port)
        code, faults, [note] = check(environment)
    assert (code, faults) == (0, [])
    assert note.startswith(f"mail: no reports can be sent now by 127.0.0.1:{port}: ConnectionRefusedError: ")


def test_mail_settings_that_cannot_work_are_refused_and_no_receiver_is_noted(environment, reports):
    environment.variables["EMAIL_PORT"] = "465"
    [fault] = refused(environment)
    assert fault.startswith("mail: EMAIL_PORT is 465: expected EMAIL_USE_SSL to be true")
    environment.variables.update(EMAIL_PORT="587", EMAIL_HOST_USER="bots")
    assert refused(environment) == ["mail: EMAIL_HOST_USER and EMAIL_HOST_PASSWORD: expected both or none of them"]
    environment.variables["ADMIN_EMAIL"] = ""
    code, faults, [note] = check(environment)
    assert (code, faults) == (0, [])
    assert note.endswith("ADMIN_EMAIL is empty: nobody gets the reports")
