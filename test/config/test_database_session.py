"""What a connection to the database is told, on real servers."""

import sys

import pytest

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
