"""Makes the tables of Bots EDI in the configured database. Safe to run again, and by several at once.

usage: init-database.py --config-dir DIR    DIR holds settings.py

Exit code 0: all tables are there. 1: they are not, and the last line on stderr says why.
"""

import argparse
import contextlib
import fcntl
import os
import pathlib
import sys
import time

# How long to wait for another initialisation that is under way, in seconds.
LOCK_WAIT = 120
# Used where settings.py gives no connect_timeout: an unreachable database must not hang the Job. In seconds.
CONNECT_TIMEOUT = 10
# Bots writes to these four with SQL that leans on column defaults, which Django's own tables do not have.
SQL_TABLES = ("ta", "mutex", "persist", "uniek")
# Stands in the database while an empty one is filled: MySQL cannot undo half a migration, and Django cannot go on from one.
MARKER = "bots_edi_initialising"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config-dir", required=True, help="folder of settings.py")
    config_dir = pathlib.Path(parser.parse_args().config_dir)
    if not (config_dir / "settings.py").is_file():
        fail(f"no settings.py in {config_dir}")
    sys.path.insert(0, str(config_dir.resolve()))
    os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
    try:
        initialise()
    except Exception as error:
        fail(f"{type(error).__name__}: {' '.join(str(error).split())}")


def initialise():
    import django
    from django.core.management import call_command
    from django.db import connection

    django.setup()
    if connection.vendor != "sqlite":
        connection.settings_dict["OPTIONS"].setdefault("connect_timeout", CONNECT_TIMEOUT)
    with only_one(connection):
        begin(connection)
        for table in SQL_TABLES:
            if table not in connection.introspection.table_names():
                create_from_package(connection, table)
        call_command("migrate", run_syncdb=True, interactive=False, verbosity=0)
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TABLE IF EXISTS {MARKER}")
        print(f"init-database: {len(connection.introspection.table_names())} tables in {connection.settings_dict['NAME']}")


def begin(connection):
    """Marks an empty database as being filled; removes what an interrupted filling left, which nobody has used yet."""
    tables = connection.introspection.table_names()
    if tables and MARKER not in tables:
        return
    cascade = "" if connection.vendor == "sqlite" else " CASCADE"
    with connection.constraint_checks_disabled(), connection.cursor() as cursor:
        if not tables:
            cursor.execute(f"CREATE TABLE {MARKER} (id integer)")
        for table in tables:
            if table != MARKER:
                cursor.execute(f"DROP TABLE {connection.ops.quote_name(table)}{cascade}")


def create_from_package(connection, table):
    """Runs the package's SQL file of the table, without its DROP."""
    import bots

    folder = pathlib.Path(bots.__file__).parent / "sql"
    dialect = {"postgresql": "postgresql_psycopg2", "sqlite": "sqlite3"}.get(connection.vendor, connection.vendor)
    named = [folder / f"{table}.{dialect}.sql", folder / f"{table}.sql"]
    source = next((path for path in named if path.is_file()), None)
    if source is None:
        raise FileNotFoundError(f"bots-ediint has no SQL file for table {table} on {dialect}")
    statements = source.read_text(encoding="utf-8").split(";")
    with connection.cursor() as cursor:
        for statement in statements:
            if statement.strip() and not statement.strip().upper().startswith("DROP TABLE"):
                cursor.execute(statement)


@contextlib.contextmanager
def only_one(connection):
    """Holds a lock that dies with the connection (with the process, for SQLite), so a killed run leaves none behind."""
    name = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite":
        pathlib.Path(name).parent.mkdir(parents=True, exist_ok=True)
        with open(f"{name}.init-lock", "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        return
    question = {
        "mysql": ("SELECT GET_LOCK(%s, 0)", [f"bots-edi-init:{name}"[:64]]),
        "postgresql": ("SELECT pg_try_advisory_lock(hashtext(%s))", [f"bots-edi-init:{name}"]),
    }[connection.vendor]
    deadline = time.monotonic() + LOCK_WAIT
    with connection.cursor() as cursor:
        # Asked again and again, because a wait in the server would run into the connection's read timeout.
        while True:
            cursor.execute(*question)
            if cursor.fetchone()[0]:
                break
            if time.monotonic() > deadline:
                raise TimeoutError(f"another initialisation of {name} has run for more than {LOCK_WAIT} s")
            time.sleep(1)
    yield


def fail(reason):
    sys.exit(f"init-database: {reason}")


if __name__ == "__main__":
    main()
