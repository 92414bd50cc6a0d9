"""What is said of tables before db-init, on real databases."""

import importlib.util
import sys

import pytest
from support import HAS_BOTS

IS_BOTS_4 = HAS_BOTS and importlib.util.find_spec("bots.migrations") is not None


def look(environment):
    environment.variables.update(DJANGO_SETTINGS_MODULE="settings")
    code = f"import sys; sys.path.insert(0, {str(environment.config)!r}); import database_form; database_form.main()"
    done = environment.run(sys.executable, "-c", code)
    return done.returncode, done.stderr


def test_an_empty_database_and_one_that_was_made_are_passed_over_in_silence(environment, database):
    assert look(environment) == (0, "")
    environment.init_db()
    assert look(environment) == (0, "")


@pytest.mark.parametrize("database", ["mysql"], indirect=True)
def test_a_database_in_latin1_failed_each_file_outside_it_its_tables_are_named(environment, database):
    database.server.sql([f"ALTER DATABASE {database.name} CHARACTER SET latin1"])
    code, said = look(environment)
    assert code == 0
    assert said.startswith(f"note: MySQL and MariaDB keep new tables of {database.name} in latin1: ")
    assert said.endswith(f"ALTER DATABASE {database.name} CHARACTER SET utf8mb4\n")
    names = ["alpha", "beta", "delta", "epsilon", "gamma", "zeta"]
    database.server.sql([f"CREATE TABLE {database.name}.{name} (text VARCHAR(9))" for name in names])
    code, said = look(environment)
    assert code == 0
    expected = "note: MySQL and MariaDB keep the tables alpha, beta, delta, epsilon, gamma and 1 more in latin1: "
    assert said.startswith(expected), said
    database.server.sql([f"ALTER TABLE {database.name}.{name} CONVERT TO CHARACTER SET utf8mb4" for name in names])
    database.server.sql([f"ALTER DATABASE {database.name} CHARACTER SET utf8mb4"])
    assert look(environment) == (0, "")


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
    code, said = look(environment)
    if IS_BOTS_4:
        assert code == 1
        assert said.startswith("Nothing was initialised: the tables were made by Bots 3.3, and this image's migrations do not")
    else:  # whose own tables these are
        assert (code, said) == (0, "")


def test_a_database_that_is_away_is_left_to_db_init(environment):
    server = {"DB_NAME": "edi", "DB_USER": "me", "DB_PASSWORD": "secret", "DB_HOST": "127.0.0.1", "DB_PORT": "1"}
    environment.variables.update(server, DB_ENGINE="postgresql")
    assert look(environment) == (0, "")
