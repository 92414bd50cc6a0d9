"""Fixtures of all tests here."""

import itertools

import databases
import pytest
from support import Environment, MariaDb, PostgreSql

numbers = itertools.count(1)


@pytest.fixture
def environment(tmp_path):
    """A fresh Bots environment, with sqlite as its database."""
    return Environment(tmp_path / "environment")


@pytest.fixture
def mariadb(tmp_path):
    """A running MariaDB with the database `bots`."""
    folder = tmp_path / "mariadb"
    folder.mkdir()
    server = MariaDb(folder)
    try:
        server.start()
        server.create("bots", "bots", "password-of-the-test")
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def mariadb_of_all(tmp_path_factory):
    """A running MariaDB for tests that leave it running."""
    server = MariaDb(tmp_path_factory.mktemp("mariadb"))
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def postgresql_of_all():
    """A running PostgreSQL for tests that leave it running."""
    server = PostgreSql()
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(params=["sqlite", "mysql", "postgresql"])
def database(request, environment):
    """An empty database that the environment uses: sqlite, MariaDB and PostgreSQL in turn."""
    name = f"bots{next(numbers)}"
    if request.param == "sqlite":
        made = databases.Sqlite()
    elif request.param == "mysql":
        made = databases.MySql(request.getfixturevalue("mariadb_of_all"), "mysql", name)
    else:
        made = databases.Postgresql(request.getfixturevalue("postgresql_of_all"), "postgresql", name)
    environment.variables.update(made.variables)
    return made
