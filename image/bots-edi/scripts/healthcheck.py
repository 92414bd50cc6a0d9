"""Says whether this container is well. For exec probes: light, and never slower than its time limit.

usage: healthcheck.py [--config-dir DIR] --check live|ready|startup [--quiet]

live     the service answers where it listens (job queue); never touches the database
ready    live, and the database answers
startup  the database has all tables
Exit code 0: yes. 1: no, and one line says why. --quiet: no line when it is well.
"""

import argparse
import configparser
import os
import pathlib
import socket
import sys
import threading

# A probe that hangs is a failed probe. In seconds.
TIME_LIMIT = 8
# For the job queue's own port, on this machine. In seconds.
PORT_TIMEOUT = 2
CONNECT_TIMEOUT = 3
# Tables of the package's SQL files and of both ends of Django's migration.
TABLES = {"ta", "mutex", "persist", "uniek", "routes", "channel", "auth_user", "django_session"}
# Stands there while init-database.py fills an empty database.
INITIALISING = "bots_edi_initialising"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config-dir", default="/config", help="folder of settings.py and bots.ini (default: /config)")
    parser.add_argument("--check", required=True, choices=["live", "ready", "startup"])
    parser.add_argument("--quiet", action="store_true", help="say nothing when it is well")
    options = parser.parse_args()
    watchdog = threading.Timer(TIME_LIMIT, give_up, [options.check])
    watchdog.daemon = True
    watchdog.start()
    config_dir = pathlib.Path(options.config_dir)
    try:
        if options.check != "startup":
            check_service(config_dir)
        if options.check != "live":
            check_database(config_dir, TABLES if options.check == "startup" else set())
    except Exception as error:
        sys.exit(f"{options.check}: {type(error).__name__}: {' '.join(str(error).split())}")
    if not options.quiet:
        print(f"{options.check}: ok")


def give_up(check):
    print(f"{check}: no answer within {TIME_LIMIT} s", file=sys.stderr, flush=True)
    os._exit(1)


def check_service(config_dir):
    """The job queue must accept connections; the web server has HTTP endpoints for that, the others do not listen."""
    ini = configparser.RawConfigParser()
    if not ini.read(config_dir / "bots.ini", encoding="utf-8"):
        raise FileNotFoundError(f"no bots.ini in {config_dir}")
    if b"bots-jobqueueserver" in pathlib.Path("/proc/1/cmdline").read_bytes():
        port = ini.getint("jobqueue", "port", fallback=28082)
        socket.create_connection(("localhost", port), timeout=PORT_TIMEOUT).close()


def check_database(config_dir, expected_tables):
    """Connects as Bots does, but without loading its models: an exec probe runs at a tenth of a CPU."""
    sys.path.insert(0, str(config_dir.resolve()))
    os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
    from django.db import connection

    if connection.vendor != "sqlite":
        connection.settings_dict["OPTIONS"].setdefault("connect_timeout", CONNECT_TIMEOUT)
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        found = set(connection.introspection.table_names(cursor)) if expected_tables else set()
    if not expected_tables <= found:
        raise LookupError(f"tables are missing: {', '.join(sorted(expected_tables - found))}")
    if INITIALISING in found:
        raise LookupError("the initialisation of the database has not finished")


if __name__ == "__main__":
    main()
