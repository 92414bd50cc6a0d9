"""What settings.py makes of the environment, with the Django that is installed."""

import json
import re
import subprocess
import sys

import django
import pytest
from support import CONFIG, HAS_BOTS

MODERN = django.VERSION >= (4,)
SERVER = {"DB_NAME": "edi", "DB_USER": "me", "DB_PASSWORD": "a-secret-password", "DB_HOST": "db.example.com"}


def line_of_failure(environment):
    """Imports the settings, which has to fail, and returns the one line that it says."""
    done = environment.settings("SECRET_KEY")
    assert isinstance(done, subprocess.CompletedProcess), done
    assert done.returncode == 1
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("Bots settings: ")
    return lines[0][len("Bots settings: ") :]


def test_defaults(environment):
    found = environment.settings(
        "DEBUG",
        "ALLOWED_HOSTS",
        "CSRF_TRUSTED_ORIGINS",
        "SECURE_PROXY_SSL_HEADER",
        "SESSION_COOKIE_SECURE",
        "CSRF_COOKIE_SECURE",
        "MANAGERS",
        "EMAIL_HOST",
        "EMAIL_PORT",
        "EMAIL_USE_TLS",
        "EMAIL_USE_SSL",
        "TIME_ZONE",
        "LOGIN_REDIRECT_URL",
    )
    assert found == {
        "DEBUG": False,
        "ALLOWED_HOSTS": ["localhost", "127.0.0.1", "[::1]"],
        "CSRF_TRUSTED_ORIGINS": [],
        "SECURE_PROXY_SSL_HEADER": None,
        "SESSION_COOKIE_SECURE": False,
        "CSRF_COOKIE_SECURE": False,
        "MANAGERS": [],
        "EMAIL_HOST": "localhost",
        "EMAIL_PORT": 25,
        "EMAIL_USE_TLS": False,
        "EMAIL_USE_SSL": False,
        "TIME_ZONE": "UTC",
        "LOGIN_REDIRECT_URL": "/bots/home" if MODERN else "/home",
    }


def test_mysql_is_the_default_database(environment):
    environment.variables = {"DJANGO_SECRET_KEY": "x", **SERVER}
    database = environment.settings("DATABASES")["DATABASES"]["default"]
    options = database.pop("OPTIONS")
    assert database == {
        "ENGINE": "django.db.backends.mysql",
        "NAME": "edi",
        "USER": "me",
        "PASSWORD": "a-secret-password",
        "HOST": "db.example.com",
        "PORT": "3306",
    }
    assert (options["connect_timeout"], options["read_timeout"], options["write_timeout"]) == (5, 60, 60)
    assert options["charset"] == "utf8mb4"


def test_postgresql_has_the_name_that_bots_compares(environment):
    environment.variables.update(SERVER, DB_ENGINE="postgresql", DB_PORT="6432", DB_READ_TIMEOUT="7")
    database = environment.settings("DATABASES")["DATABASES"]["default"]
    assert database["ENGINE"].rpartition(".")[2] == ("postgresql" if MODERN else "postgresql_psycopg2")
    assert database["PORT"] == "6432"
    assert database["OPTIONS"] == {"connect_timeout": 5, "tcp_user_timeout": 7000}


@pytest.mark.parametrize(
    "name, path", [(None, "botssys/sqlitedb/botsdb"), ("other", "botssys/sqlitedb/other"), ("/tmp/x.db", "/tmp/x.db")]
)
def test_sqlite_is_a_file_of_the_data_volume(environment, name, path):
    environment.variables["DB_NAME"] = name or ""
    database = environment.settings("DATABASES")["DATABASES"]["default"]
    assert database["ENGINE"] == "django.db.backends.sqlite3"
    assert database["NAME"] == str(environment.folder / path)


def test_pymysql_stands_in_for_mysqlclient(environment):
    environment.variables.update(SERVER, DB_ENGINE="mysql")
    environment.hide("MySQLdb")
    done = environment.run(sys.executable, "-c", "import config.settings, MySQLdb; print(MySQLdb.__name__)")
    assert done.stdout == "pymysql\n"


@pytest.mark.parametrize("address", ["bots-jobqueue", ":28083", "http://bots-jobqueue:28083", "bots-jobqueue:99999"])
def test_a_wrong_address_of_the_job_queue_is_named(environment, address):
    environment.variables["JOBQUEUE_GATEWAY"] = address
    done = environment.settings("ENGINE_WAIT")
    expected = "expected a host and a port, such as bots-jobqueue:28083"
    assert (done.returncode, done.stderr) == (1, f"Bots settings: JOBQUEUE_GATEWAY is {address!r}: {expected}\n")


def test_everything_from_the_environment(environment):
    environment.variables.update(
        DJANGO_SECRET_KEY="k-of-the-test",
        DEBUG="True",
        ALLOWED_HOSTS="bots.example.com, .example.org,*",
        CSRF_TRUSTED_ORIGINS="https://bots.example.com,https://*.example.org,http://localhost:8080",
        DJANGO_SECURE="true",
        BOTSENV="acme",
        TZ="Europe/Paris",
        ADMIN_EMAIL="a@example.com,b@example.com",
        SERVER_EMAIL="edi@example.com",
        EMAIL_HOST="mail.example.com",
        EMAIL_PORT="587",
        EMAIL_HOST_USER="mailer",
        EMAIL_HOST_PASSWORD="mail-password",
        EMAIL_USE_TLS="TRUE",
        LOG_LEVEL="WARNING",
    )
    expected = {
        "SECRET_KEY": "k-of-the-test",
        "DEBUG": True,
        "ALLOWED_HOSTS": ["bots.example.com", ".example.org", "*"],
        "CSRF_TRUSTED_ORIGINS": (
            ["https://bots.example.com", "https://*.example.org", "http://localhost:8080"]
            if MODERN
            else ["bots.example.com", ".example.org", "localhost:8080"]
        ),
        "SECURE_PROXY_SSL_HEADER": ["HTTP_X_FORWARDED_PROTO", "https"],
        "SESSION_COOKIE_SECURE": True,
        "CSRF_COOKIE_SECURE": True,
        "SESSION_COOKIE_NAME": "bots_sessionid_acme",
        "CSRF_COOKIE_NAME": "bots_csrftoken_acme",
        "TIME_ZONE": "Europe/Paris",
        "MANAGERS": [["Bots", "a@example.com"], ["Bots", "b@example.com"]],
        "SERVER_EMAIL": "edi@example.com",
        "EMAIL_HOST": "mail.example.com",
        "EMAIL_PORT": 587,
        "EMAIL_HOST_USER": "mailer",
        "EMAIL_HOST_PASSWORD": "mail-password",
        "EMAIL_USE_TLS": True,
    }
    found = environment.settings(*expected, "LOGGING")
    assert found.pop("LOGGING")["handlers"]["console"]["level"] == "WARNING"
    assert found == expected


@pytest.mark.parametrize("value", [None, ""])
def test_a_start_without_the_secret_key_fails(environment, value):
    del environment.variables["DJANGO_SECRET_KEY"]
    if value is not None:
        environment.variables["DJANGO_SECRET_KEY"] = value
    assert line_of_failure(environment) == "not set in the container's environment: DJANGO_SECRET_KEY"


@pytest.mark.parametrize("engine", ["mysql", "postgresql"])
def test_a_database_server_needs_its_four_values(environment, engine):
    environment.variables["DB_ENGINE"] = engine
    assert line_of_failure(environment) == (
        "not set in the container's environment: DB_NAME, DB_USER, DB_PASSWORD, DB_HOST"
    )


@pytest.mark.parametrize(
    "name, value, expected",
    [
        ("DB_ENGINE", "oracle", "DB_ENGINE is 'oracle': expected one of mysql, postgresql, sqlite"),
        ("DB_PORT", "3306a", "DB_PORT is '3306a': expected a whole number from 1 to 65535"),
        ("DB_PORT", "0", "DB_PORT is '0': expected a whole number from 1 to 65535"),
        ("DB_PORT", "70000", "DB_PORT is '70000': expected a whole number from 1 to 65535"),
        ("DB_READ_TIMEOUT", "-1", "DB_READ_TIMEOUT is '-1': expected a whole number from 1 to 86400"),
        ("DEBUG", "yes", "DEBUG is 'yes': expected true or false"),
        ("DJANGO_SECURE", "1", "DJANGO_SECURE is '1': expected true or false"),
        ("EMAIL_USE_TLS", "on", "EMAIL_USE_TLS is 'on': expected true or false"),
        ("EMAIL_USE_SSL", "1", "EMAIL_USE_SSL is '1': expected true or false"),
        ("EMAIL_PORT", "smtp", "EMAIL_PORT is 'smtp': expected a whole number from 1 to 65535"),
        (
            "ALLOWED_HOSTS",
            "ok.example.com,https://bots.example.com",
            "ALLOWED_HOSTS has the entry 'https://bots.example.com': "
            "expected a host name without scheme, port and path",
        ),
        (
            "ALLOWED_HOSTS",
            "bots.example.com:8080",
            "ALLOWED_HOSTS has the entry 'bots.example.com:8080': expected a host name without scheme, port and path",
        ),
        (
            "CSRF_TRUSTED_ORIGINS",
            "bots.example.com",
            "CSRF_TRUSTED_ORIGINS has the entry 'bots.example.com': "
            "expected an origin such as https://bots.example.com",
        ),
        ("ADMIN_EMAIL", "someone", "ADMIN_EMAIL has the entry 'someone': expected an address like a@b.org"),
        (
            "LOG_LEVEL",
            "verbose",
            "LOG_LEVEL is 'verbose': expected one of DEBUG, INFO, WARNING, ERROR, CRITICAL",
        ),
        ("TZ", "Mars/Olympus", "TZ is 'Mars/Olympus': expected the name of a time zone, such as Europe/Paris"),
        ("TZ", "Europe", "TZ is 'Europe': expected the name of a time zone, such as Europe/Paris"),
    ],
)
def test_a_bad_value_is_named(environment, name, value, expected):
    environment.variables.update(SERVER, DB_ENGINE="mysql")
    environment.variables[name] = value
    assert line_of_failure(environment) == expected


def test_mail_goes_by_ssl_or_by_starttls(environment):
    environment.variables.update(SERVER, DB_ENGINE="mysql", EMAIL_USE_TLS="true", EMAIL_USE_SSL="true")
    assert line_of_failure(environment) == (
        "EMAIL_USE_TLS and EMAIL_USE_SSL are both true; takes one of them: SSL for port 465, TLS for 587"
    )


def test_all_problems_are_told_at_once_and_no_secret(environment):
    environment.variables.update(SERVER, DB_ENGINE="mysql", DB_HOST="", DB_PORT="x", DEBUG="maybe")
    line = line_of_failure(environment)
    assert line == (
        "DB_PORT is 'x': expected a whole number from 1 to 65535; DEBUG is 'maybe': expected true or false; "
        "not set in the container's environment: DB_HOST"
    )


def test_a_missing_driver_is_named(environment):
    environment.variables.update(SERVER, DB_ENGINE="mysql")
    environment.hide("MySQLdb")
    environment.hide("pymysql")
    expected = "DB_ENGINE is 'mysql': the Python package mysqlclient or PyMySQL is missing in the image"
    assert line_of_failure(environment) == expected


def test_relative_directories_are_refused(environment):
    ini = environment.config / "bots.ini"
    ini.write_text(ini.read_text().replace(f"botssys = {environment.folder}/", "botssys = "))
    assert line_of_failure(environment) == "bots.ini: [directories] botssys is 'botssys': expected an absolute path"


def test_a_missing_ini_is_told(environment):
    (environment.config / "bots.ini").unlink()
    assert "bots.ini: [directories] botssys is '': expected an absolute path" in line_of_failure(environment)


def test_the_middleware_is_found_whatever_the_module_is_called(environment):
    code = (
        f"import sys; sys.path.insert(0, {str(environment.config)!r}); from django.conf import settings; "
        "from django.utils.module_loading import import_string; print(import_string(settings.MIDDLEWARE[0]))"
    )
    environment.variables["DJANGO_SETTINGS_MODULE"] = "settings"
    done = environment.run(sys.executable, "-c", code)
    assert done.stdout == "<class 'settings.HealthEndpoints'>\n", done.stderr


@pytest.mark.skipif(not MODERN, reason="routes of Bots 3.3 have no such tick")
def test_the_page_of_a_route_says_where_its_tick_does_nothing(environment):
    config = str(environment.config)
    start = f"import sys; sys.path.insert(0, {config!r}); import django; django.setup()"
    if HAS_BOTS:
        start = f"from bots import botsinit; botsinit.generalinit({config!r})"
    else:
        environment.variables["DJANGO_SETTINGS_MODULE"] = "settings"
    # The form is made as the administration's pages, which Bots' are, make it.
    code = (
        f"{start}; from django.apps import apps; from django.conf import settings; from django.forms import modelform_factory; "
        "from django.utils.module_loading import import_string; import_string(settings.MIDDLEWARE[0])(None); "
        "form = modelform_factory(apps.get_model('bots', 'routes'), fields=['dirmonitor']); "
        "print(form.base_fields['dirmonitor'].help_text)"
    )
    told = environment.run(sys.executable, "-c", code)
    assert told.stdout == "Nothing is watched here: jobqueue.monitorRoutes in the stack's settings is off.\n", told.stderr
    environment.variables["DIRECTORY_MONITOR"] = "true"
    told = environment.run(sys.executable, "-c", code)
    assert told.stdout.startswith("Monitor fromchannel (file)"), told.stderr


def test_mail_needs_a_manager(environment):
    code = (
        "import config.settings, os; os.environ['DJANGO_SETTINGS_MODULE'] = 'config.settings'; import json; "
        "from django.core import mail; from django.core.mail import mail_managers; "
        "from django.conf import settings; settings.EMAIL_BACKEND = 'django.core.mail.backends.locmem.EmailBackend'; "
        "mail.outbox = []; mail_managers('a run failed', 'text'); print(json.dumps([m.to for m in mail.outbox]))"
    )
    assert json.loads(environment.run(sys.executable, "-c", code).stdout) == []
    environment.variables["ADMIN_EMAIL"] = "a@example.com,b@example.com"
    assert json.loads(environment.run(sys.executable, "-c", code).stdout) == [["a@example.com", "b@example.com"]]


def test_the_documented_variables_are_those_that_are_read():
    text = (CONFIG / "settings.py").read_text()
    header = text.split('"""')[1]
    documented = set(re.findall(r"\b[A-Z][A-Z]+(?:_[A-Z]+)*\b", header))
    read = set(re.findall(r'(?:text|choice|boolean|integer|words|time_zone|environ\.get)\(\s*"([A-Z_]+)"', text))
    assert read <= documented, read - documented
