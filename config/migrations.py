"""Whether the database is at the migrations of this image: python migrations.py [SECONDS]

Exit code 0: it is. 1: it is not, and the last line says which are missing.

SECONDS, as a pod gives before its service starts: wait so long for them at most. Where it cannot be known, since the database
is away or the image another than expected, the exit code is 0 then: the service says by itself what is wrong.
"""

import os
import sys
import time

PAUSE = 2  # seconds between two looks


def pending():
    """Returns the names of the migrations that this image has and the database has not. Django has to be set up."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def unknown():
    """Returns the names of the migrations that the database has and this image has not. Django has to be set up."""
    from django.db import connection
    from django.db.migrations.loader import MigrationLoader

    loader = MigrationLoader(connection)
    return [".".join(key) for key in sorted(set(loader.applied_migrations) - set(loader.disk_migrations))]


def set_up():
    """Sets Django up with the settings.py beside this file."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
    import django

    django.setup()


def wait(seconds):
    """Returns what is still missing at the end of the wait, at most `seconds` long."""
    from django.db import DatabaseError, connection

    end = time.monotonic() + seconds
    missing = pending()
    if missing:
        print(f"waiting for db-init: {told(missing)}", flush=True)
    while missing and time.monotonic() < end:
        time.sleep(PAUSE)
        try:
            missing = pending()
        except DatabaseError:  # it is away for a moment: what was missing is still what is known
            connection.close()
    return missing


def told(missing):
    """Returns the missing migrations as words."""
    return f"the database is not at this image's migrations: {', '.join(missing)}"


def main(seconds=None):
    """Looks, or waits, and ends the process."""
    if seconds is None:
        set_up()
        missing = pending()
    else:
        try:
            set_up()
            missing = wait(float(seconds))
        except Exception as error:
            print(f"migrations not looked at: {type(error).__name__}: {' '.join(str(error).split())}", flush=True)
            return
    if missing:
        sys.exit(told(missing))


if __name__ == "__main__":
    main(*sys.argv[1:])
