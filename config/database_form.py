"""Says before db-init what is wrong with the form of the tables that are there: python database_form.py

Beside settings.py. Exit code 1: the image cannot use these tables, and the last line
says why. Exit code 0: it can, be it with a remark. A database that is away is db-init's to tell. Nothing is written.
"""

import importlib.util
import os
import sys

SHOWN = 5  # tables that are named

OLD_TABLES = (
    "the tables were made by Bots 3.3, and this image's migrations do not take them over: `ta` has columns that are too narrow, "
    "so every order would fail. Give it an empty database, and restore the configuration there (docs/migration.md)"
)
NARROW = "MySQL and MariaDB keep {what} in {sets}: a file with a character outside of it fails in every run: {remedy}"


def fault(connection):
    """Returns why this image cannot use the tables; nothing where it can."""
    from django.db.migrations.recorder import MigrationRecorder

    tables = connection.introspection.table_names()
    if "ta" not in tables or not importlib.util.find_spec("bots.migrations"):
        return None
    known = {app for app, _ in MigrationRecorder(connection).applied_migrations()}
    return None if "bots" in known else OLD_TABLES


def remark(connection):
    """Returns what some character would not fit into; nothing where each fits everywhere. PostgreSQL is not asked."""
    if connection.vendor != "mysql":
        return None
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT TABLE_NAME, MIN(CHARACTER_SET_NAME) FROM information_schema.COLUMNS"
            " WHERE TABLE_SCHEMA = DATABASE() AND CHARACTER_SET_NAME IS NOT NULL AND CHARACTER_SET_NAME <> 'utf8mb4'"
            " GROUP BY TABLE_NAME ORDER BY TABLE_NAME"
        )
        tables = cursor.fetchall()
        cursor.execute("SELECT DATABASE(), @@character_set_database")
        name, own = cursor.fetchone()
    if tables:
        more = f" and {len(tables) - SHOWN} more" if len(tables) > SHOWN else ""
        what = f"the tables {', '.join(table for table, _ in tables[:SHOWN])}{more}"
        remedy = "ALTER TABLE each of them CONVERT TO CHARACTER SET utf8mb4, while nothing runs"
        return NARROW.format(what=what, sets=", ".join(sorted({found for _, found in tables})), remedy=remedy)
    if own != "utf8mb4":
        remedy = f"ALTER DATABASE {name} CHARACTER SET utf8mb4"
        return NARROW.format(what=f"new tables of {name}", sets=own, remedy=remedy)
    return None


def main():
    """Looks, and ends the process."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
    import django
    from django.db import connection

    django.setup()
    try:
        connection.ensure_connection()
    except Exception:  # whatever a driver raises
        return
    told = remark(connection)
    if told:
        print(f"note: {told}", file=sys.stderr, flush=True)
    wrong = fault(connection)
    if wrong:
        sys.exit(f"Nothing was initialised: {wrong}")


if __name__ == "__main__":
    main()
