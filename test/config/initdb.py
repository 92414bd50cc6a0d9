"""Makes Bots' tables: python initdb.py DIRECTORY-OF-CONFIG. The models' by Django, the engine's by Bots' sql folder."""

import glob
import importlib.util
import os
import sys

import bots

config = sys.argv[1]
if importlib.util.find_spec("bots.botsinit"):
    from bots import botsinit

    botsinit.generalinit(config)
else:
    import django

    sys.path.append(os.path.dirname(config))
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    django.setup()

from django.core.management import call_command  # noqa: E402  (needs the set-up above)
from django.db import connection  # noqa: E402

call_command("migrate", run_syncdb=True, verbosity=0)
sql = os.path.join(bots.__path__[0], "sql")
for table in ("ta", "mutex", "persist", "uniek"):
    for path in glob.glob(os.path.join(sql, f"{table}.{connection.vendor}*.sql")) + glob.glob(f"{sql}/{table}.sql"):
        with open(path) as script, connection.cursor() as cursor:
            for statement in filter(str.strip, script.read().split(";")):
                cursor.execute(statement)
