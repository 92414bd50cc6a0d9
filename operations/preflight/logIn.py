"""Logs in at the database with Bots' own settings, and prints what the server is as one line of JSON. Runs in a pod of the image.

Tries for 20 s, since a network policy that lets pods in by their labels takes effect only once it has learnt their address.
"""

import json
import os
import sys
import time

sys.path.insert(0, "/config")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")

import django  # noqa: E402  (the settings have to be found first)

django.setup()

from django.db import Error, connection  # noqa: E402

QUESTIONS = {
    "mysql": {
        "server": "SELECT CONCAT(@@version_comment, ' ', VERSION())",
        "charset": "SELECT @@character_set_database",
    },
    "postgresql": {
        "server": "SELECT version()",
        "charset": "SELECT pg_encoding_to_char(encoding) FROM pg_database WHERE datname = current_database()",
    },
}


def ask(question):
    """Returns the one value that a question is answered by."""
    with connection.cursor() as cursor:
        cursor.execute(question)
        row = cursor.fetchone()
        return row[0] if row else None


def tls():
    """Returns the version of TLS, or nothing."""
    if connection.vendor == "postgresql":
        return ask("SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
    with connection.cursor() as cursor:
        cursor.execute("SHOW STATUS LIKE 'Ssl_version'")
        return cursor.fetchone()[1]


def main():
    """Logs in and tells."""
    end = time.monotonic() + 20
    while True:
        try:
            connection.ensure_connection()
            break
        except Error:
            if time.monotonic() > end:
                raise
            time.sleep(1)
    questions = QUESTIONS[connection.vendor]
    charset = ask(questions["charset"])
    is_unicode = charset.lower() in ("utf8mb4", "utf8")
    server = ask(questions["server"])
    print(json.dumps({"server": server, "charset": charset, "isUnicode": is_unicode, "tls": tls()}))


try:
    main()
except Error as error:
    sys.exit(" ".join(str(error).split()))
