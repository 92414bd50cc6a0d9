"""Sets of an environment: made and restored as the CronJob's pod does it, the database's client in a process of its own."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path

from support import CONFIG

START = """import logging, sys
from bots import botsglobal, botsinit
botsinit.generalinit(sys.argv[1])
botsglobal.logger = logging.getLogger("bots")
from bots import pluglib
from bots.models import channel, partner, routes
from django.db import connection
"""
ROWS = """
for table in sorted(connection.introspection.table_names()):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table}")
        print(table, sorted(cursor.fetchall(), key=repr))
"""
DESTROY = """
with connection.constraint_checks_disabled(), connection.cursor() as cursor:
    for table in connection.introspection.table_names():
        cursor.execute(f"DROP TABLE {table} CASCADE")
"""


class Backups:
    """The sets of one environment, whose database is MariaDB or PostgreSQL."""

    def __init__(self, environment, folder):
        self.environment = environment
        self.target, self.exchange = folder / "backup", folder / "exchange"
        for path in (self.target, self.exchange):
            path.mkdir()
        self.variables = {
            "BACKUP_CONFIG": str(environment.config),
            "BACKUP_DATA": str(environment.folder),
            "BACKUP_TARGET": str(self.target),
            "BACKUP_STACK": "test",
            "BACKUP_WAIT": "20",
            "EXCHANGE": str(self.exchange),
        }

    def in_bots(self, code, *arguments):
        """Runs Python code in an initialised Bots and returns what it printed."""
        done = self.environment.run(sys.executable, "-c", START + code, str(self.environment.config), *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    @contextlib.contextmanager
    def client(self, **changes):
        """The container with the database's client, until the block ends. `changes`: of its environment."""
        variables = {**self.environment.process_variables(), "EXCHANGE": str(self.exchange), **changes}
        client = subprocess.Popen(["/bin/sh", str(CONFIG / "database_client.sh")], env=variables)
        try:
            yield
        finally:
            client.terminate()
            client.wait(30)

    def run(self, *arguments, client=None, first="", **variables):
        """Runs the script as the CronJob does, after the code of `first`, and returns the finished process."""
        own = self.environment.variables
        self.environment.variables = {**own, **self.variables, **variables}
        try:
            with self.client(**(client or {})):
                return self.environment.run(sys.executable, "-c", first + (CONFIG / "backup.py").read_text(), *arguments)
        finally:
            self.environment.variables = own

    def make(self, *arguments, **variables):
        """Makes a set and returns its folder."""
        done = self.run("make", *arguments, **variables)
        assert done.returncode == 0, done.stderr
        return self.sets()[-1]

    def restore(self, *arguments):
        """Restores a set and returns what was said."""
        done = self.run("restore", *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def refused(self, *arguments, **variables):
        """Runs the script, which has to change nothing, and returns the one line that says why."""
        before = self.everything()
        done = self.run(*arguments, **variables)
        assert done.returncode == 1, done.stdout
        assert done.stderr.count("\n") == 1 and done.stderr.startswith("Nothing was changed: "), done.stderr
        assert self.everything() == before
        return done.stderr

    def sets(self):
        """Returns the folders of the sets, the oldest first."""
        return sorted(path for path in self.target.iterdir() if path.is_dir())

    def rows(self):
        """Returns all rows of all tables."""
        return self.in_bots(ROWS)

    def files(self):
        """Returns the bytes and permissions of all files of the data volume that a set holds."""
        folder = self.environment.folder
        names = ("config", "botssys/logging", "botssys/engine.lock", "botssys/jobqueue.json", "botssys/schedules")
        left_out = [folder / name for name in names]
        return {
            str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mode)
            for path in Path(folder).rglob("*")
            if path.is_file() and not any(path.is_relative_to(out) for out in left_out) and "__pycache__" not in path.parts
        }

    def everything(self):
        """Returns all that a refused command may not change."""
        return self.rows(), self.files(), [path.name for path in self.sets()]

    def destroy(self):
        """Removes every table, and every file that is not the pod's own."""
        self.in_bots(DESTROY)
        for name in ("botssys", "usersys", "orders"):
            for folder, folders, files in os.walk(self.environment.folder / name, topdown=False):
                for path in files:
                    os.unlink(os.path.join(folder, path))
                for path in folders:
                    os.rmdir(os.path.join(folder, path))
