"""What a connection to the database is told, on real servers."""

import json
import sys

import pytest
from support import HAS_BOTS

SECONDS_APART = """
import datetime
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("SELECT LOCALTIMESTAMP")
    [there] = cursor.fetchone()
print(abs((datetime.datetime.now() - there.replace(tzinfo=None)).total_seconds()))
"""


@pytest.mark.parametrize("database", ["mysql", "postgresql"], indirect=True)
def test_the_pages_showed_the_databases_time_the_session_has_the_time_zone_of_bots(environment, database):
    environment.variables.update(TZ="America/Los_Angeles", DJANGO_SETTINGS_MODULE="config.settings")
    done = environment.run(sys.executable, "-c", SECONDS_APART)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 30


def test_1200_rows_of_a_code_list_ended_with_400_a_form_may_have_many_fields(environment):
    assert environment.settings("DATA_UPLOAD_MAX_NUMBER_FIELDS")["DATA_UPLOAD_MAX_NUMBER_FIELDS"] >= 1200 * 20


READ_TIMEOUT = """
import json
import config.settings as plain
timeout = plain.DATABASES["default"]["OPTIONS"]["read_timeout"]
import sys
import bots.router
del sys.modules["config.settings"]
import config.settings as engine
print(json.dumps([timeout, engine.DATABASES["default"]["OPTIONS"]["read_timeout"]]))
"""


@pytest.mark.skipif(not HAS_BOTS, reason="an engine is one of Bots")
@pytest.mark.parametrize("given, expected", [("", [60, 3600]), ("90", [90, 90])])
def test_a_cleanup_of_more_than_a_minute_ended_the_run_an_engine_waits_for_its_statements(environment, given, expected):
    server = {"DB_NAME": "edi", "DB_USER": "me", "DB_PASSWORD": "secret", "DB_HOST": "db.example.com"}
    environment.variables.update(server, DB_ENGINE="mysql", DB_READ_TIMEOUT=given)
    done = environment.run(sys.executable, "-c", READ_TIMEOUT)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == expected
