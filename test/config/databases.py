"""The databases that the engine's lock is tried on: each test gets an empty one of its own, of a server that all share."""

PASSWORD = "password-of-the-test"


class Sqlite:
    """A file."""

    variables = {"DB_ENGINE": "sqlite"}


class Server:
    """One database of a server."""

    def __init__(self, server, engine, name):
        self.server, self.name = server, name
        server.create(name, name, PASSWORD)
        self.variables = {
            "DB_ENGINE": engine,
            "DB_HOST": "127.0.0.1",
            "DB_PORT": str(server.port),
            "DB_NAME": name,
            "DB_USER": name,
            "DB_PASSWORD": PASSWORD,
        }


class MySql(Server):
    """A database of MariaDB."""

    def lock_holder(self):
        """Returns the id of the connection that holds the engine lock, or nothing."""
        answer = self.server.sql([f"SELECT IS_USED_LOCK(CONCAT('bots-engine-', SHA1('{self.name}')))"]).strip()
        return "" if answer == "NULL" else answer

    def kill(self, connection):
        """Ends a connection."""
        self.server.sql([f"KILL CONNECTION {connection}"])


class Postgresql(Server):
    """A database of PostgreSQL."""

    def lock_holder(self):
        """Returns the id of the connection that holds the engine lock, or nothing."""
        held = "SELECT pid FROM pg_locks JOIN pg_database ON database = pg_database.oid"
        return self.server.sql([f"{held} WHERE locktype = 'advisory' AND datname = '{self.name}'"]).strip()

    def kill(self, connection):
        """Ends a connection."""
        self.server.sql([f"SELECT pg_terminate_backend({connection})"])
