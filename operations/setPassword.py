"""Changes the password of Bots' database user, by itself. Runs in a container of Bots; the new password is its input.

Succeeds where the database knows the new password already: a change that was cut off is done again. Ends with one line.
"""

import os
import sys

sys.path.insert(0, "/config")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")

import django  # noqa: E402  (the settings have to be found first)

django.setup()

from django.db import Error, connections  # noqa: E402


def log_in(password):
    """Returns an open connection of its own with a password."""
    connection = connections["default"].copy()
    connection.settings_dict["PASSWORD"] = password
    connection.ensure_connection()
    return connection


def change(connection, password):
    """Changes the password of the user who is logged in."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("ALTER ROLE CURRENT_USER PASSWORD %s", [password])
            return
        cursor.execute("SELECT VERSION()")
        is_mariadb = "mariadb" in cursor.fetchone()[0].lower()
        # MariaDB asks for a privilege at ALTER USER, also for one's own; MySQL has no PASSWORD() any more.
        cursor.execute("SET PASSWORD = PASSWORD(%s)" if is_mariadb else "ALTER USER USER() IDENTIFIED BY %s", [password])


new = sys.stdin.read().strip("\r\n")
try:
    try:
        log_in(new)
        print("The database has this password already")
    except Error:
        change(log_in(connections["default"].settings_dict["PASSWORD"]), new)
        log_in(new)
        print("The database has the new password")
except Error as error:
    sys.exit(f"The database's password is as it was: {' '.join(str(error).split())}")
