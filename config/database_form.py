"""What is wrong with the form of a database: its character set, and tables that this image cannot use.

For check.py, once Django is set up. Nothing is written.
"""

import importlib.util

SHOWN = 5  # tables that are named

OLD_TABLES = (
    "the tables were made by Bots 3.3, and this image's migrations do not take them over: `ta` has columns that are too narrow, "
    "so every order would fail. Give it an empty database, and restore the configuration there (docs/migration.md)"
)
NARROW = "a file with a character outside of it fails in every run"

# What each database calls its character set, what it has to be, and how it becomes so.
CHARACTER_SETS = {
    "mysql": ("SELECT @@character_set_database", "utf8mb4", "ALTER DATABASE {name} CHARACTER SET utf8mb4"),
    "postgresql": ("SHOW server_encoding", "UTF8", "make it anew with ENCODING 'UTF8' TEMPLATE template0"),
}
NARROW_TABLES = (
    "SELECT TABLE_NAME, MIN(CHARACTER_SET_NAME) FROM information_schema.COLUMNS"
    " WHERE TABLE_SCHEMA = DATABASE() AND CHARACTER_SET_NAME IS NOT NULL AND CHARACTER_SET_NAME <> 'utf8mb4'"
    " GROUP BY TABLE_NAME ORDER BY TABLE_NAME"
)


def look(connection, tables):
    """Looks at a database with these tables. Returns two lists of sentences: what has to be mended before anything runs, and what is legal and worth knowing."""
    faults = [OLD_TABLES] if are_old(connection, tables) else []
    narrow = character_set(connection)
    if narrow and not tables:  # it can still be changed
        return [*faults, narrow], []
    return faults, [note for note in (narrow, narrow_tables(connection)) if note]


def are_old(connection, tables):
    """Returns whether Bots 3.3 made the tables, and this image is of Bots 4."""
    from django.db.migrations.recorder import MigrationRecorder

    if "ta" not in tables or not importlib.util.find_spec("bots.migrations"):
        return False
    return "bots" not in {app for app, _ in MigrationRecorder(connection).applied_migrations()}


def character_set(connection):
    """Returns what some character will not fit into in new tables; nothing where each fits."""
    if connection.vendor not in CHARACTER_SETS:
        return None
    question, expected, remedy = CHARACTER_SETS[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(question)
        [found] = cursor.fetchone()
    if found == expected:
        return None
    name = connection.settings_dict["NAME"]
    return f"the character set of {name} is {found}: expected {expected}, {NARROW}: {remedy.format(name=name)}"


def narrow_tables(connection):
    """Returns what some character does not fit into in the tables that are there; nothing where each fits. Only MySQL has such."""
    if connection.vendor != "mysql":
        return None
    with connection.cursor() as cursor:
        cursor.execute(NARROW_TABLES)
        found = cursor.fetchall()
    if not found:
        return None
    names = ", ".join(name for name, _ in found[:SHOWN])
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    sets = ", ".join(sorted({each for _, each in found}))
    remedy = "ALTER TABLE each of them CONVERT TO CHARACTER SET utf8mb4, while nothing runs"
    return f"the character set of the tables {names}{more} is {sets}: expected utf8mb4, {NARROW}: {remedy}"
