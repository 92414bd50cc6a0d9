"""Says what is wrong with a configuration before anything runs with it: python check.py DIRECTORY...

db-init runs it beside the candidate's bots.ini and settings.py, in the image, with the environment and on the volumes that the
services will have. Each DIRECTORY is made where it is missing, and has to be writable.

Every fault is a line; with any, the exit code is 1. A line that begins with "note:" is legal, and worth knowing. Nothing is
written to the database, and no mail is sent.
"""

import configparser
import importlib
import os
import smtplib
import sys
import tempfile
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))

WEB_PORT = "8080"  # of the Service and of the probes


class Findings:
    """Faults, and notes, in the order in which they were found."""

    def __init__(self):
        self.faults = []

    def fault(self, where, what):
        """Something that has to be mended first."""
        self.faults.append(f"{where}: {' '.join(str(what).split())}")

    @staticmethod
    def note(where, what):
        """Something that is legal, and worth knowing."""
        print(f"note: {where}: {' '.join(str(what).split())}", flush=True)


def check_directories(findings, paths):
    """Makes each directory, and writes to it."""
    for path in paths:
        try:
            os.makedirs(path, exist_ok=True)
            with tempfile.TemporaryFile(dir=path) as file:
                file.write(b"x")
        except OSError as error:
            findings.fault(path, f"{error.strerror}: user {os.getuid()} has to be able to write there")


def read_ini(findings):
    """Returns bots.ini; None where it cannot be read."""
    ini = configparser.RawConfigParser()
    try:
        ini.read(os.path.join(HERE, "bots.ini"), encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError) as error:
        findings.fault("bots.ini", error)
        return None
    port = ini.get("webserver", "port", fallback=WEB_PORT)
    if port != WEB_PORT:
        findings.fault("bots.ini", f"[webserver] port is {port!r}: expected {WEB_PORT}, where Service and probes look")
    return ini


def load_settings(findings, ini):
    """Returns the module settings, loaded as the engine and the web server load it; None where that fails."""
    try:
        importlib.import_module("bots.router")  # the engine's: settings.py ties its lock to it
    except Exception as error:
        findings.fault("image", f"bots.router, the engine, cannot be loaded: {type(error).__name__}: {error}")
    try:
        settings = importlib.import_module("settings")
        if f"{settings.__name__}.HealthEndpoints" not in settings.MIDDLEWARE:
            findings.fault("settings.py", "MIDDLEWARE is without HealthEndpoints, which answers the probes")
        else:
            settings.HealthEndpoints(None)
        return settings
    except SystemExit as error:
        for problem in str(error).replace("Bots settings: ", "").split("; "):
            if not problem.startswith("bots.ini: "):
                findings.fault("settings.py", problem)
            elif ini:  # else it is said already
                findings.fault("bots.ini", problem.removeprefix("bots.ini: "))
    except SyntaxError as error:
        findings.fault(os.path.basename(error.filename or "settings.py"), f"line {error.lineno}: {error.msg}")
    except Exception as error:
        findings.fault(place(error), f"{type(error).__name__}: {error}")
    return None


def place(error):
    """Returns where in the configuration an exception came up, such as "settings.py: line 12"."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if os.path.dirname(frame.filename) == HERE]
    frames = [frame for frame in frames if frame.filename != os.path.abspath(__file__)]
    return f"{os.path.basename(frames[-1].filename)}: line {frames[-1].lineno}" if frames else "settings.py"


def check_hosts(findings, settings):
    """Looks whether the pages answer to any host, and to the ones that forms come from."""
    from django.http.request import split_domain_port, validate_host

    if not settings.ALLOWED_HOSTS:
        findings.fault("settings.py", "ALLOWED_HOSTS is empty: every page would answer 400")
        return
    for origin in settings.CSRF_TRUSTED_ORIGINS:
        domain, _ = split_domain_port(origin.split("://")[-1].lower().lstrip("*"))
        # One that begins with a dot stands for all hosts below it.
        host = f"any{domain}" if domain.startswith(".") else domain
        if not validate_host(host, settings.ALLOWED_HOSTS):
            findings.note("settings.py", f"CSRF_TRUSTED_ORIGINS has {origin}, which ALLOWED_HOSTS does not allow")


def check_mail(findings, settings, ini):
    """Logs in at the mail server where reports are to be sent; a server that is away hinders nothing."""
    if not ini.getboolean("settings", "sendreportiferror", fallback=False):
        return
    if not settings.MANAGERS:
        findings.note("mail", "[settings] sendreportiferror is True, and ADMIN_EMAIL is empty: nobody gets the reports")
        return
    if settings.EMAIL_PORT == 465 and not settings.EMAIL_USE_SSL:
        findings.fault("mail", "EMAIL_PORT is 465: expected EMAIL_USE_SSL to be true, or port 587 with EMAIL_USE_TLS")
        return
    if bool(settings.EMAIL_HOST_USER) != bool(settings.EMAIL_HOST_PASSWORD):
        findings.fault("mail", "EMAIL_HOST_USER and EMAIL_HOST_PASSWORD: expected both or none of them")
        return
    from django.core.mail import get_connection

    connection = get_connection()
    try:
        connection.open()
    except smtplib.SMTPAuthenticationError as error:
        reason = error.smtp_error.decode(errors="replace")
        findings.fault("mail", f"{settings.EMAIL_HOST} refuses EMAIL_HOST_USER and EMAIL_HOST_PASSWORD: {reason}")
    except Exception as error:
        server = f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
        findings.note("mail", f"no reports can be sent now by {server}: {type(error).__name__}: {error}")
    finally:
        connection.close()


def check_database(findings):
    """Logs in, and looks at the form of the database and at the migrations."""
    import database_form
    import migrations
    from django.db import connection

    connection.ensure_connection()
    tables = connection.introspection.table_names()
    faults, notes = database_form.look(connection, tables)
    for sentence in faults:
        findings.fault("database", sentence)
    for sentence in notes:
        findings.note("database", sentence)
    if tables:
        for names, what in (
            (migrations.pending(), "migrations that will run now"),
            (migrations.unknown(), "migrations of another image, which this one does not know"),
        ):
            if names:
                findings.note("database", f"{what}: {', '.join(names)}")


def set_up():
    """Sets Django up, which loads the models and configures the log."""
    import migrations

    migrations.set_up()


def main(directories):
    """Makes every check, and says what was found."""
    findings = Findings()
    check_directories(findings, directories)
    ini = read_ini(findings)
    settings = load_settings(findings, ini)
    checks = {
        "settings.py": set_up,
        "hosts": lambda: check_hosts(findings, settings),
        "mail": lambda: check_mail(findings, settings, ini),
        "database": lambda: check_database(findings),
    }
    for name, check in checks.items() if settings else ():
        try:
            check()
        except Exception as error:  # whatever a driver raises means the same here
            findings.fault(name, f"{type(error).__name__}: {error}")
    for fault in findings.faults:
        print(fault, file=sys.stderr, flush=True)
    sys.exit(1 if findings.faults else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
