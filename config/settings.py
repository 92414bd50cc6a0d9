"""Django settings of Bots EDI in a container: Bots 3.3 on Django 2.2, and Bots 4 on Django 4 and later.

What differs between deployments comes from the environment, an empty value counting as none. Required:

    DJANGO_SECRET_KEY                        signs sessions; no default, on purpose
    DB_NAME, DB_USER, DB_PASSWORD, DB_HOST   not with DB_ENGINE=sqlite, where only DB_NAME is read (default: botsdb)

Optional, with the default:

    DB_ENGINE              mysql      mysql, postgresql or sqlite
    DB_PORT                           the engine's usual port
    DB_READ_TIMEOUT        60         seconds without an answer after which a query on the database is given up; 3600 for
                                      an engine, which deletes years of transactions, and whose lock sees a database that is gone
    DB_SSL_MODE            prefer     how the connection is kept secret: prefer (by the driver's own will), require (TLS with
                                      whoever answers), verify-ca (TLS, a certificate of DB_SSL_CA), verify-full (its name too)
    DB_SSL_CA                         file of the certificates that verify-ca and verify-full believe
    ALLOWED_HOSTS          localhost,127.0.0.1,[::1]   host names, comma separated; .example.com means all below it
    CSRF_TRUSTED_ORIGINS              origins with their scheme, comma separated: https://bots.example.com
    DJANGO_SECURE          false      true where only a TLS proxy reaches the server: X-Forwarded-Proto is believed
                                      and cookies are sent over https only
    DEBUG                  false      true or false
    TZ                     UTC        name of a time zone, such as Europe/Paris
    LOG_LEVEL              INFO       of the console: DEBUG, INFO, WARNING, ERROR or CRITICAL
    ADMIN_EMAIL                       who gets Bots' error reports, comma separated; none: no mail is sent
    SERVER_EMAIL           bots@localhost   their sender
    EMAIL_HOST, EMAIL_PORT, EMAIL_HOST_USER, EMAIL_HOST_PASSWORD   localhost, 25, none, none
    EMAIL_USE_TLS, EMAIL_USE_SSL      false    STARTTLS (port 587), or TLS from the first byte (port 465); not both
    BOTSENV                default    name of the Bots environment; part of the cookies' names
    ENGINE_WAIT            600        seconds that an engine waits for another one to end
    ENGINE_BUSY_OK         false      true: one that waited in vain exits with 0 instead of 75
    ENGINE_SCHEDULE                   name of the schedule that an engine runs for, as /metrics tells it
    JOBQUEUE_GATEWAY                  host:port at which the pages reach the job queue, which listens at that port;
                                      none: the pages look for it on localhost, as Bots does
    DIRECTORY_MONITOR      false      true: somebody watches the routes with the tick "dirmonitor" of Bots 4

The directories are read from bots.ini beside this file. A bad or missing value ends the start with one line.

The module also answers the probes, so that they hold on any image: GET /health/live, /health/ready, /health/startup; and
GET /metrics, with metrics.py.
"""

import configparser
import contextlib
import functools
import importlib.util
import logging
import os
import re
import sys
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import bots
import django
from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db import DatabaseError, InterfaceError, connections
from django.db.backends.signals import connection_created
from django.dispatch import receiver
from django.http import HttpResponse, JsonResponse

# Bots 4 wants Django 4 and Bots 3.3 does not run on it, so the one tells the other.
bots_4 = django.VERSION >= (4,)

# --- Reading the environment -------------------------------------------------------------------------------------

missing = []
problems = []


def text(name, default=None):
    """Returns the variable's value, or the default; without one the variable is required."""
    value = os.environ.get(name) or default
    if value is None:
        missing.append(name)
    return value or ""


def choice(name, default, allowed):
    """Returns the variable's value, which is one of those allowed."""
    value = text(name, default)
    if value not in allowed:
        problems.append(f"{name} is {value!r}: expected one of {', '.join(allowed)}")
    return value


def boolean(name, default="false"):
    """Returns whether the variable says true; capitals do not matter."""
    value = text(name, default).lower()
    if value not in ("true", "false"):
        problems.append(f"{name} is {value!r}: expected true or false")
    return value == "true"


def integer(name, default, most):
    """Returns the variable's value, a whole number from 1 to `most`."""
    value = text(name, str(default))
    if not re.fullmatch(r"[0-9]{1,9}", value) or not 1 <= int(value) <= most:
        problems.append(f"{name} is {value!r}: expected a whole number from 1 to {most}")
        return default
    return int(value)


def words(name, default, pattern, expected):
    """Returns the variable's comma separated entries, each of which has the pattern."""
    entries = [entry.strip() for entry in text(name, default).split(",") if entry.strip()]
    for entry in entries:
        if not re.fullmatch(pattern, entry):
            problems.append(f"{name} has the entry {entry!r}: expected {expected}")
    return entries


def address(name):
    """Returns the variable's host and port, or None and None where it is not set."""
    value = os.environ.get(name)
    if not value:
        return None, None
    host, _, port = value.rpartition(":")
    if not re.fullmatch(r"[A-Za-z0-9_.-]+", host) or not re.fullmatch(r"[1-9][0-9]{0,4}", port) or int(port) > 65535:
        problems.append(f"{name} is {value!r}: expected a host and a port, such as bots-jobqueue:28083")
        return None, None
    return host, int(port)


def database_tls():
    """Returns how the connection to the database is kept secret, and the file of the certificates that are believed."""
    mode = choice("DB_SSL_MODE", "prefer", ["prefer", "require", "verify-ca", "verify-full"])
    ca = os.environ.get("DB_SSL_CA", "")
    if mode.startswith("verify-") != bool(ca):
        problems.append(f"DB_SSL_CA is {ca!r}: expected a file beside DB_SSL_MODE verify-ca or verify-full, and only there")
    elif ca and not os.access(ca, os.R_OK):
        problems.append(f"DB_SSL_CA is {ca!r}: expected a file that can be read")
    return mode, ca


def utc_offset():
    """The time zone's offset of the moment, as MySQL takes it: +05:30."""
    offset = time.strftime("%z")
    return f"{offset[:3]}:{offset[3:]}"


def time_zone(name, default):
    """Returns the variable's value, the name of a time zone that this system knows."""
    value = text(name, default)
    known = Path("/usr/share/zoneinfo")
    if known.is_dir() and not (known / value).is_file():
        problems.append(f"{name} is {value!r}: expected the name of a time zone, such as Europe/Paris")
    return value


def directory(option):
    """Returns a path from the section [directories] of bots.ini, which has to be absolute."""
    path = ini.get("directories", option, fallback="")
    if not os.path.isabs(path):
        problems.append(f"bots.ini: [directories] {option} is {path!r}: expected an absolute path")
    return path


# --- Bots ----------------------------------------------------------------------------------------------------------

BOTSENV = text("BOTSENV", "default")

ini = configparser.RawConfigParser()
try:
    ini.read(os.path.join(os.path.dirname(os.path.abspath(__file__)), "bots.ini"), encoding="utf-8")
except (configparser.Error, UnicodeDecodeError) as error:
    problems.append(f"bots.ini: {' '.join(str(error).split())}")
    ini.clear()  # half read; paths stand in, so that the other problems are found too
    ini.read_dict({"directories": {"botssys": "/unread", "usersys": "/unread"}})
botssys = directory("botssys")
usersys = directory("usersys")


def name_for_bots_3(path):
    """Makes the package at an absolute path importable by the name that Bots 3.3 forms from such a path.

    Bots 3.3 replaces each slash by a dot and imports the outcome relative to its own package, which can find nothing.
    """
    name = importlib.util.resolve_name(os.path.normpath(path).replace(os.sep, "."), "bots")
    init = os.path.join(path, "__init__.py")
    spec = importlib.util.spec_from_file_location(name, init, submodule_search_locations=[path])
    sys.modules[name] = importlib.util.module_from_spec(spec)
    if os.path.exists(init):
        spec.loader.exec_module(sys.modules[name])


if not bots_4 and os.path.isabs(usersys):
    name_for_bots_3(usersys)


def join(*paths):
    """Joins paths; a relative one begins at the environment's folder, as Bots 4 has it, and not inside the package of Bots 3.3."""
    return os.path.normpath(os.path.join(os.path.dirname(botssys), *paths))


if not bots_4 and "bots.botslib" in sys.modules:
    sys.modules["bots.botslib"].join = join

# --- Database ------------------------------------------------------------------------------------------------------

IS_ENGINE = "bots.router" in sys.modules  # nothing else loads it
READ_TIMEOUT = 3600 if IS_ENGINE else 60  # seconds
CONNECT_TIMEOUT = 5  # seconds; the driver's own limit is minutes where packets are dropped


def mysql_tls():
    """Returns what the driver has to be told; by itself it speaks in clear."""
    mode, ca = database_tls()
    driver = sys.modules.get("MySQLdb")
    if mode == "prefer" or driver is None:
        return {}
    if driver.__name__ == "pymysql":
        return {"ssl": {"ca": ca or None, "check_hostname": mode == "verify-full", "verify_mode": "required" if ca else "none"}}
    # The library of MariaDB, version 3, verifies the certificate wherever it has a CA, and for VERIFY_CA the name as well.
    verify_ca = "REQUIRED" if driver.get_client_info().startswith("3.") else "VERIFY_CA"
    modes = {"require": "REQUIRED", "verify-ca": verify_ca, "verify-full": "VERIFY_IDENTITY"}
    return {"ssl_mode": modes.get(mode), **({"ssl": {"ca": ca}} if ca else {})}


def mysql():
    """Returns the database settings for MySQL and MariaDB, and the options of the health check's own connection."""
    try:
        import MySQLdb  # noqa: F401  (mysqlclient)
    except ImportError:
        try:
            import pymysql

            pymysql.install_as_MySQLdb()
        except ImportError:
            problems.append("DB_ENGINE is 'mysql': the Python package mysqlclient or PyMySQL is missing in the image")
    timeout = integer("DB_READ_TIMEOUT", READ_TIMEOUT, 86400)
    options = {
        "charset": "utf8mb4",
        # The engine's own connection, which Django does not make, has the time zone from here.
        "init_command": f"SET sql_mode='STRICT_TRANS_TABLES', time_zone='{utc_offset()}'",
        "connect_timeout": CONNECT_TIMEOUT,
        "read_timeout": timeout,
        "write_timeout": timeout,
        **mysql_tls(),
    }
    probe = {"connect_timeout": 1, "read_timeout": 1, "write_timeout": 1}
    return server("django.db.backends.mysql", 3306, options), probe


def postgresql():
    """Returns the database settings for PostgreSQL, and the options of the health check's own connection."""
    driver = "psycopg" if bots_4 else "psycopg2"
    if not importlib.util.find_spec(driver):
        problems.append(f"DB_ENGINE is 'postgresql': the Python package {driver} is missing in the image")
    # Bots compares the engine's name literally, and Django dropped the old one in 3.0.
    engine = "django.db.backends.postgresql" if bots_4 else "django.db.backends.postgresql_psycopg2"
    timeout = integer("DB_READ_TIMEOUT", READ_TIMEOUT, 86400)
    options = {"connect_timeout": CONNECT_TIMEOUT, "tcp_user_timeout": timeout * 1000}
    mode, ca = database_tls()
    if mode != "prefer":
        # Variables of libpq: the engine of Bots 3.3 leaves the options out of its connection.
        os.environ.update(PGSSLMODE=mode, PGSSLROOTCERT=ca)
    # libpq takes no connect_timeout below 2 s; the check's own limit is what keeps the answer in time.
    probe = {
        "connect_timeout": 2,
        "tcp_user_timeout": 1000,
        "keepalives_idle": 1,
        "keepalives_interval": 1,
        "keepalives_count": 1,
    }
    return server(engine, 5432, options), probe


def server(engine, port, options):
    """Returns the database settings for a server that is reached over the network."""
    return {
        "ENGINE": engine,
        "NAME": text("DB_NAME"),
        "USER": text("DB_USER"),
        "PASSWORD": text("DB_PASSWORD"),
        "HOST": text("DB_HOST"),
        "PORT": str(integer("DB_PORT", port, 65535)),
        "OPTIONS": options,
    }


def sqlite():
    """Returns the database settings for a file of one machine, and the options of the health check's connection."""
    name = os.path.join(botssys, "sqlitedb", text("DB_NAME", "botsdb"))
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": name, "OPTIONS": {"timeout": 60}}, {"timeout": 1}


engines = {"mysql": mysql, "postgresql": postgresql, "sqlite": sqlite}
default_database, probe_options = engines.get(choice("DB_ENGINE", "mysql", list(engines)), sqlite)()
DATABASES = {"default": default_database}
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"  # what the migrations of Bots made

# --- Security and sessions -----------------------------------------------------------------------------------------

SECRET_KEY = text("DJANGO_SECRET_KEY")
DEBUG = boolean("DEBUG")
ALLOWED_HOSTS = words(
    "ALLOWED_HOSTS",
    "localhost,127.0.0.1,[::1]",
    r"\*|\.?[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?|\[[0-9A-Fa-f:.]+\]",
    "a host name without scheme, port and path",
)
CSRF_TRUSTED_ORIGINS = words(
    "CSRF_TRUSTED_ORIGINS",
    "",
    r"https?://(\*\.)?[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?(:[0-9]+)?",
    "an origin such as https://bots.example.com",
)
if django.VERSION < (4,):  # hosts without a scheme there
    CSRF_TRUSTED_ORIGINS = [re.sub(r"^\*", "", urlsplit(origin).netloc) for origin in CSRF_TRUSTED_ORIGINS]

behind_tls = boolean("DJANGO_SECURE")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if behind_tls else None
SESSION_COOKIE_SECURE = behind_tls
CSRF_COOKIE_SECURE = behind_tls
SESSION_COOKIE_NAME = f"bots_sessionid_{BOTSENV}"
CSRF_COOKIE_NAME = f"bots_csrftoken_{BOTSENV}"
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_AGE = 3600  # seconds since the last request, because of the next line
SESSION_SAVE_EVERY_REQUEST = True

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{validator}"}
    for validator in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

# --- Mail ----------------------------------------------------------------------------------------------------------

MANAGERS = [("Bots", address) for address in words("ADMIN_EMAIL", "", r"[^@\s]+@[^@\s]+", "an address like a@b.org")]
SERVER_EMAIL = text("SERVER_EMAIL", "bots@localhost")
EMAIL_HOST = text("EMAIL_HOST", "localhost")
EMAIL_PORT = integer("EMAIL_PORT", 25, 65535)
EMAIL_HOST_USER = os.environ.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = boolean("EMAIL_USE_TLS")
EMAIL_USE_SSL = boolean("EMAIL_USE_SSL")
if EMAIL_USE_TLS and EMAIL_USE_SSL:
    problems.append("EMAIL_USE_TLS and EMAIL_USE_SSL are both true; takes one of them: SSL for port 465, TLS for 587")
EMAIL_TIMEOUT = 10  # seconds; an engine run must not hang on its own error report

# --- Time, language, logging ---------------------------------------------------------------------------------------

TIME_ZONE = time_zone("TZ", "UTC")
USE_TZ = False  # the engine writes local times past Django


@receiver(connection_created)
def use_own_time_zone(connection, **_):
    """Has MySQL and MariaDB fill in times as Python does, by the offset of the moment; on PostgreSQL Django does."""
    if connection.vendor == "mysql":
        with connection.cursor() as cursor:
            cursor.execute("SET time_zone = %s", [utc_offset()])


LANGUAGE_CODE = "en-us"
USE_I18N = True
LOCALE_PATHS = [os.path.join(bots.__path__[0], "locale")]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)-8s [%(name)s] %(message)s"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "level": choice("LOG_LEVEL", "INFO", ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]),
        }
    },
    "root": {"handlers": ["console"], "level": "DEBUG"},
    # Django's own handlers would say every line twice; its DEBUG lines are every query.
    "loggers": {"django": {"handlers": [], "level": "INFO"}},
}

# --- The web application -------------------------------------------------------------------------------------------

ROOT_URLCONF = "bots.urls"
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/bots/home" if bots_4 else "/home"
LOGOUT_URL = "/logout/"
SITE_ID = 1
STATIC_URL = "/static/"
# Every webserver writes its static files when it starts: on the shared volume they would meet.
STATIC_ROOT = os.path.join(tempfile.gettempdir(), f"bots-static-{BOTSENV}")
# A code list or a selection of many rows is one form: Django's 1000 fields end it with 400, which reads like a wrong host.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 100_000
# Plugins are read from a file, so uploads always become one.
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "bots",
]
MIDDLEWARE = [
    # First: a probe needs no session, no database and, as it comes by the pod's address, no allowed host.
    f"{__name__}.HealthEndpoints",
    f"{__name__}.pages_reach_the_job_queue",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [os.path.join(bots.__path__[0], "templates")],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.debug",
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "bots.bots_context.set_context",
            ],
        },
    },
]

# --- Engine runs ---------------------------------------------------------------------------------------------------

ENGINE_WAIT = integer("ENGINE_WAIT", 600, 86400)
ENGINE_BUSY_OK = boolean("ENGINE_BUSY_OK")
ENGINE_SCHEDULE = text("ENGINE_SCHEDULE", "")
DIRECTORY_MONITOR = boolean("DIRECTORY_MONITOR")
gateway_host, gateway_port = address("JOBQUEUE_GATEWAY")

if missing:
    problems.append(f"not set in the container's environment: {', '.join(missing)}")
if problems:
    # Not an exception: Bots would print it with its whole traceback, or, as an ImportError, look elsewhere.
    raise SystemExit("Bots settings: " + "; ".join(problems))

LOCK_FILE = os.path.join(botssys, "engine.lock")
JOURNAL_FILE = os.path.join(botssys, "jobqueue.json")
METRICS_FILES = {"schedules": LOCK_FILE, "lock": LOCK_FILE, "jobs": JOURNAL_FILE}

# Beside this file, or where the image found it: an image copies no more than this file and bots.ini out of /config.
sys.path += [os.path.dirname(os.path.abspath(__file__)), "/config"]

if IS_ENGINE:
    try:
        from engine_lock import BUSY, EngineLock
        from engine_run import install
        from run_record import FOLDER, RunRecord

        busy = 0 if ENGINE_BUSY_OK else BUSY
        lock = EngineLock(LOCK_FILE, ENGINE_WAIT, busy)
        record = RunRecord(os.path.join(botssys, FOLDER, ENGINE_SCHEDULE)) if ENGINE_SCHEDULE else None
        install(sys.modules["bots.router"], lock, os.path.join(botssys, "engine.sending"), record)
    except (ImportError, AttributeError) as error:
        raise SystemExit(f"Bots settings: no engine can be run alone, so none is run: {error}") from None

if "bots.jobqueueserver" in sys.modules:
    try:
        import job_queue
        import queue_gateway

        job_queue.install(
            sys.modules["bots.jobqueueserver"],
            JOURNAL_FILE,
            functools.partial(queue_gateway.listen, gateway_port),
        )
    except (ImportError, AttributeError) as error:
        raise SystemExit(f"Bots settings: the job queue cannot be kept to bots-engine, so it does not start: {error}") from None

if "bots.job2queue" in sys.modules:  # for bots-job2queue of Bots 3.3, which has no line for this answer
    sys.modules["bots.job2queue"].JOBQUEUEMESSAGE2TXT.setdefault(3, "Refused: the job queue takes bots-engine alone.")


def pages_reach_the_job_queue(get_response):
    """Django middleware that leaves every request alone: the web server alone has middleware, and loads it before its pages."""
    if gateway_host:
        import queue_gateway
        from bots import job2queue, models

        queue_gateway.install(job2queue, models.routes, gateway_host, gateway_port)
    return get_response


# --- Web server ----------------------------------------------------------------------------------------------------

if "cheroot.wsgi" in sys.modules:  # Bots has imported it by now, and makes its server later; other processes have not
    import web_server

    web_server.mend(sys.modules["cheroot.wsgi"].Server)

# --- Directory monitor ---------------------------------------------------------------------------------------------

if "bots.dirmonitor" in sys.modules:  # only the directory monitor loads it
    if not bots_4 and not any(re.fullmatch("dirmonitor.+", section) for section in ini.sections()):
        raise SystemExit(
            "Bots settings: nothing to watch: routes of Bots 3.3 have no tick \"dirmonitor\"; use jobqueue.directoryMonitors"
        )
    try:
        import directory_monitor

        directory_monitor.install(sys.modules["bots.dirmonitor"], os.path.join(botssys, ".dirmonitor.trigger"))
    except (ImportError, AttributeError) as error:
        raise SystemExit(f"Bots settings: no directory can be watched as it should be: {error}") from None


def tell_that_no_route_is_watched():
    """Has Bots 4's page of a route say that its tick "dirmonitor" does nothing here, where that is so."""
    with contextlib.suppress(LookupError, FieldDoesNotExist):
        tick = apps.get_model("bots", "routes")._meta.get_field("dirmonitor")
        tick.help_text = "Nothing is watched here: jobqueue.monitorRoutes in the stack's settings is off."


# --- Health --------------------------------------------------------------------------------------------------------

log = logging.getLogger("health")


class Inspection:
    """Looks at what lies outside the process, in one thread however many probes ask, and answers within the limit.

    A database or a volume that hangs costs that one thread. Who asks while it hangs waits for what is left of the
    limit, or not at all, so that the web server's threads stay free for /health/live. For the same reason a failure
    of the database holds for a moment before it is looked at again.
    """

    limit = 1.5  # seconds until the answer
    hold = 1.0  # seconds that a failure of the database stands until the next look
    tables = {"channel", "routes", "ta", "mutex"}

    def __init__(self, look_further=None):
        """`look_further`: called with the connection, once the database has answered."""
        self.look_further = look_further
        self.lock = threading.Lock()
        self.done = threading.Event()
        self.done.set()
        self.found = self.last = {}
        self.started = self.ended = 0.0

    def __call__(self, waits=True):
        """Returns what was found, for each check None where it passed, or else the reason; who does not wait, what the last look found."""
        with self.lock:
            if self.done.is_set() and not (self.found.get("database") and time.monotonic() < self.ended + self.hold):
                self.done = threading.Event()
                self.found = dict.fromkeys(("botssys", "usersys", "database", "tables"), f"no answer in {self.limit} s")
                self.started = time.monotonic()
                threading.Thread(target=self.look, args=(self.found, self.done), name="health", daemon=True).start()
            found, done, left = self.found, self.done, self.started + self.limit - time.monotonic()
        if not waits:
            return dict(self.last)
        done.wait(max(0, left))
        return dict(found)

    def look(self, found, done):
        """Runs in the thread: makes every check, writes each finding as it comes, and says when it is done."""
        try:
            for name, path in (("botssys", botssys), ("usersys", usersys)):
                found[name] = None if os.path.isdir(path) else f"no directory {path}"
            with contextlib.closing(self.connection()) as connection:
                absent = self.tables - set(connection.introspection.table_names())
                found["database"] = None
                found["tables"] = f"missing: {', '.join(sorted(absent))}" if absent else None
                if self.look_further:
                    self.look_further(connection, found)
        except Exception as error:  # whatever a driver raises means the same here
            found["database"] = f"{type(error).__name__}: {error}"
            found["tables"] = "unknown without the database"
        finally:
            self.ended = time.monotonic()
            self.last = found
            done.set()

    @staticmethod
    def connection():
        """Returns a connection of its own to the database, with short time limits."""
        connection = connections["default"].copy()
        connection.settings_dict["OPTIONS"] = {**connection.settings_dict["OPTIONS"], **probe_options}
        if connection.vendor == "sqlite":  # which makes the file that it does not find
            connection.settings_dict["NAME"] = Path(connection.settings_dict["NAME"]).as_uri() + "?mode=ro"
        return connection


inspection = Inspection()


class HealthEndpoints:
    """Django middleware that answers /metrics and every path under /health itself; all others go on, unless the database is away.

    live: 200 as long as the web server serves, whatever else is down: not where it has been at the same pages with all its
    threads for minutes. ready: 200 when the database answers and the directories are there. startup: 200 when the tables are
    there too. Otherwise 503, with the reason in the log: the body names only the failed check, because anybody can read it.
    Any other path: 404. metrics: the same checks and what metrics.py adds, for Prometheus, always 200 and within the same time.
    """

    patience = 1.0  # seconds for which pages go on waiting for a database once one has waited in vain
    stuck = 600.0  # seconds after which pages that take every thread are not waited for any more
    checks = {
        "/health/live": ("pages",),
        "/health/ready": ("database", "botssys", "usersys"),
        "/health/startup": ("database", "tables", "botssys", "usersys"),
    }

    def __init__(self, get_response):
        import metrics  # here, since the web server alone has middleware
        import web_server

        if bots_4 and not DIRECTORY_MONITOR:
            tell_that_no_route_is_watched()
        self.get_response = get_response
        self.away_since = None  # when a page first found no database
        self.threads = web_server.THREADS
        self.began = {}  # when each page that is at work began, by its thread
        self.exposition = metrics.exposition
        self.measurement = Inspection(functools.partial(metrics.collect, METRICS_FILES))

    def __call__(self, request):
        path = request.path_info
        if path == "/metrics":
            return self.metrics()
        if path != "/health" and not path.startswith("/health/"):
            # Pages that wait for it hold every thread, and who asks for another one is told nothing.
            if self.away_since is not None and time.monotonic() >= self.away_since + self.patience:
                if reason := inspection(waits=False).get("database"):
                    return self.unavailable(path, reason)
                self.away_since = None
            self.began[threading.get_ident()] = time.monotonic()
            try:
                return self.get_response(request)
            finally:
                del self.began[threading.get_ident()]
        response = self.answer(path[:-1] if path.endswith("/") else path)
        response["Cache-Control"] = "no-store"
        return response

    def process_exception(self, request, error):
        """Answers 503 where the database is away. Bots' page of errors asks it too: each took 40 KB of the log volume."""
        connection = connections["default"]
        if not isinstance(error, (DatabaseError, InterfaceError)) or (connection.connection and connection.is_usable()):
            return None  # Bots' own
        if self.away_since is None:
            self.away_since = time.monotonic()
        inspection(waits=False)  # for the next page to know
        return self.unavailable(request.path_info, error)

    @staticmethod
    def unavailable(path, reason):
        """Returns the answer to who asks for a page without a database."""
        log.error("%s: the database does not answer: %s", path, reason)
        said = "The database does not answer. Nothing was changed; try again in a minute."
        response = HttpResponse(said, content_type="text/plain; charset=utf-8", status=503)
        response["Retry-After"] = "10"
        return response

    def hang(self):
        """Returns why the web server will not answer a page any more, or None."""
        began = list(self.began.values())
        if len(began) == self.threads and time.monotonic() > max(began) + self.stuck:
            return f"no page of {self.threads} has come to its end in {self.stuck:.0f} s"
        return None

    def metrics(self):
        """Returns what is found in Prometheus' text format."""
        found = self.measurement()
        checks = {name: found.pop(name) for name in self.checks["/health/startup"]}
        return HttpResponse(
            self.exposition(checks, found), content_type="text/plain; version=0.0.4; charset=utf-8"
        )

    def answer(self, path):
        """Returns the response to a path under /health."""
        if path not in self.checks:
            return JsonResponse({"status": "not found", "paths": sorted(self.checks)}, status=404)
        names = self.checks[path]
        found = {"pages": self.hang()} if path == "/health/live" else inspection()
        failed = [name for name in names if found[name]]
        for name in failed:
            log.warning("%s: %s: %s", path, name, found[name])
        return JsonResponse(
            {"status": "failed" if failed else "ok", "checks": {name: name not in failed for name in names}},
            status=503 if failed else 200,
        )
