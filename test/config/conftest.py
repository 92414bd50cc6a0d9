"""Fixtures of all tests here."""

import pytest
from support import Environment, MariaDb


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
