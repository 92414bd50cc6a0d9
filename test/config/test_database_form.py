"""config/database_form.py: what is said of the form of real databases."""

import importlib.util
import json
import sys

import pytest
from support import HAS_BOTS

OUTSIDE = "a file with a character outside of it fails in every run"
IS_BOTS_4 = HAS_BOTS and importlib.util.find_spec("bots.migrations") is not None


LOOK = """
import json, os, sys
sys.path.insert(0, sys.argv[1])
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
import django
from django.db import connection
import database_form
django.setup()
print(json.dumps(database_form.look(connection, connection.introspection.table_names())))
"""


def look(environment):
    """Returns the faults and the notes of the environment's database."""
    done = environment.run(sys.executable, "-c", LOOK, str(environment.config))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_an_empty_database_and_one_that_was_made_are_passed_over_in_silence(environment, database):
    assert look(environment) == [[], []]
    environment.init_db()
    assert look(environment) == [[], []]


@pytest.mark.parametrize("database", ["mysql"], indirect=True)
def test_a_database_in_latin1_failed_each_file_outside_it_its_tables_are_named(environment, database):
    database.server.sql([f"ALTER DATABASE {database.name} CHARACTER SET latin1"])
    change = f"ALTER DATABASE {database.name} CHARACTER SET utf8mb4"
    own = f"the character set of {database.name} is latin1: expected utf8mb4, {OUTSIDE}: {change}"
    assert look(environment) == [[own], []]  # as long as it can be changed
    names = ["alpha", "beta", "delta", "epsilon", "gamma", "zeta"]
    database.server.sql([f"CREATE TABLE {database.name}.{name} (text VARCHAR(9))" for name in names])
    faults, [first, tables] = look(environment)
    assert (faults, first) == ([], own)
    expected = "the character set of the tables alpha, beta, delta, epsilon, gamma and 1 more is latin1: "
    assert tables.startswith(expected), tables
    database.server.sql([f"ALTER TABLE {database.name}.{name} CONVERT TO CHARACTER SET utf8mb4" for name in names])
    database.server.sql([change])
    assert look(environment) == [[], []]


def test_tables_of_bots_33_ended_bots_4_with_table_exists_they_are_refused_in_words(environment, database):
    """As Bots 3.3 leaves a database: the table that both have, and no migration of Bots."""
    environment.init_db()
    environment.variables.update(DJANGO_SETTINGS_MODULE="settings")
    forget = (
        f"import sys; sys.path.insert(0, {str(environment.config)!r}); import django; django.setup(); "
        "from django.db import connection; c = connection.cursor(); "
        "c.execute(\"DELETE FROM django_migrations WHERE app = 'bots'\")"
    )
    assert environment.run(sys.executable, "-c", forget).returncode == 0
    faults, _ = look(environment)
    if IS_BOTS_4:
        [fault] = faults
        assert fault.startswith("the tables were made by Bots 3.3, and this image's migrations do not take them over")
    else:  # whose own tables these are
        assert faults == []
