"""The lock that one engine of the whole deployment holds at a time. It dies with its process, wherever that runs.

MySQL and MariaDB: GET_LOCK; PostgreSQL: an advisory lock; both by a connection of their own. sqlite: flock on a file.
Not SELECT ... FOR UPDATE: a row locked for a whole run keeps dumps (LOCK TABLES) and migrations waiting for as long, and is as
local to one node of a Galera cluster as GET_LOCK is.
"""

import fcntl
import os
import socket
import sys
import threading
import time

from django.db import connections

PAUSE = 0.5  # seconds between two tries of an engine that waits
PING = 5  # seconds between two looks at the lock; they also keep the connection alive on networks that cut idle ones
ANSWER = 20  # seconds without an answer after which the connection counts as lost
SILENCE = 60  # seconds without a look after which the database frees the lock: a node that died says no goodbye

BUSY = os.EX_TEMPFAIL  # 75, exit code of a wait that reached its bound
LOST = os.EX_UNAVAILABLE  # 69, exit code of an engine that lost the lock

# A server's databases share the names of GET_LOCK; PostgreSQL's locks belong to a database.
MYSQL_NAME = "CONCAT('bots-engine-', SHA1(DATABASE()))"
POSTGRESQL_KEY = int.from_bytes(b"bots", "big")


def say(message):
    """Writes one line that no log level hides."""
    print("Bots engine:", " ".join(message.split()), file=sys.stderr, flush=True)


def me():
    """Returns what others know this process by."""
    return f"host {socket.gethostname()}, process {os.getpid()}"


class MySql:
    """The connection's options, and the statements: sent once, to take the lock, to see it held, still held, held by any."""

    options = {"read_timeout": ANSWER, "write_timeout": ANSWER}
    prepare = f"SET SESSION wait_timeout = {SILENCE}"
    take = f"SELECT GET_LOCK({MYSQL_NAME}, 0)"
    held = still = f"SELECT IS_USED_LOCK({MYSQL_NAME}) = CONNECTION_ID()"
    taken = f"SELECT IS_USED_LOCK({MYSQL_NAME}) IS NOT NULL"


class PostgreSql:
    """The same. The lock belongs to a transaction, so that it also holds behind a pooler of transactions."""

    options = {"tcp_user_timeout": ANSWER * 1000}
    prepare = f"SET LOCAL idle_in_transaction_session_timeout = '{SILENCE}s'"
    take = f"SELECT pg_try_advisory_xact_lock({POSTGRESQL_KEY}), set_config('bots.engine', 'holds', true)"
    lock = f"FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = 0 AND objid = {POSTGRESQL_KEY}"
    held = f"SELECT EXISTS (SELECT {lock} AND pid = pg_backend_pid())"
    # Asked for each file that is sent: what is set for the transaction alone lasts as long as its lock, and pg_locks is slow.
    still = "SELECT current_setting('bots.engine', true) = 'holds'"
    taken = (
        f"SELECT EXISTS (SELECT {lock}"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"
    )


DIALECTS = {"mysql": MySql, "postgresql": PostgreSql}


class DatabaseLock:
    """A lock in the database, on a connection that nothing else uses."""

    def __init__(self):
        self.connection = connections["default"].copy()
        self.connection.inc_thread_sharing()
        self.dialect = DIALECTS[self.connection.vendor]
        self.connection.settings_dict["OPTIONS"].update(self.dialect.options)
        self.connection.set_autocommit(self.dialect is MySql)
        self.ask(self.dialect.prepare)

    def ask(self, statement):
        """Returns the first value that a statement answers, if any."""
        with self.connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchone()[0] if cursor.description else None

    def take(self):
        """Returns whether the lock is taken now. An error where the database has no such locks, or only pretends to."""
        answer = self.ask(self.dialect.take)
        if answer is None or (answer and not self.ask(self.dialect.held)):
            raise RuntimeError("the database keeps no advisory lock")
        return bool(answer)

    def held(self):
        """Returns whether the lock is still held; an error where the connection is gone."""
        return bool(self.ask(self.dialect.still))


class FileLock:
    """A lock on a file, for the database of one machine."""

    def __init__(self, path):
        self.file = open(path, "a")

    def take(self):
        """Returns whether the lock is taken now."""
        try:
            fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    @staticmethod
    def held():
        """Returns True: nobody can take it away."""
        return True


class EngineLock:
    """The lock as an engine uses it: waits for it, holds it until the process ends, ends the process where it is lost."""

    def __init__(self, path, wait, busy):
        """`path`: the file that names the holder. `wait`: seconds. `busy`: exit code of a wait that was too short."""
        self.path, self.wait, self.busy = path, wait, busy
        self.one_at_a_time = threading.Lock()
        self.lock = None

    def acquire(self, restoring=False):
        """Returns with the lock, or ends the process: it may raise no OSError, which Bots' engine takes for its own.

        `restoring`: also where a restore was cut off, which else keeps everybody from what is half restored (backup.py).
        """
        try:
            self.lock = FileLock(self.path) if connections["default"].vendor == "sqlite" else DatabaseLock()
            if not self.taken_in_time():
                say(f"nothing was run: after {self.wait} s another one is still at work: {self.holder()}")
                sys.exit(self.busy)
            if not restoring and os.path.exists(os.path.join(os.path.dirname(self.path), "restore.unfinished")):
                say("nothing was run: a restore is under way or was cut off: do it again to its end")
                sys.exit(1)
            # Cut off only afterwards: who reads the first line meanwhile finds a name.
            with open(os.open(self.path, os.O_WRONLY | os.O_CREAT, 0o666), "w") as note:
                since = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
                note.write(f"{me()}, since {since} UTC\n")
                note.truncate()
        except Exception as error:
            say(f"nothing was run: the lock that keeps engines apart cannot be had: {type(error).__name__}: {error}")
            sys.exit(1)
        threading.Thread(target=self.watch, name="engine-lock", daemon=True).start()

    def taken_in_time(self):
        """Tries until the lock is taken or the wait is over; says once for each holder who that is."""
        end = time.monotonic() + self.wait
        told = None
        while not self.lock.take():
            if time.monotonic() >= end:
                return False
            time.sleep(PAUSE)  # first, since a new holder's name takes a moment to be there
            if told != self.holder():
                told = self.holder()
                say(f"waiting for another one to end: {told}")
        return True

    def holder(self):
        """Returns who holds the lock, by what the holder wrote."""
        try:
            with open(self.path) as note:
                return note.readline().strip() or "its name is not there yet"
        except OSError as error:
            return f"its name cannot be read: {error}"

    def confirm(self):
        """Returns if the lock is still held. Otherwise the process ends at once: the next run then recovers this one."""
        with self.one_at_a_time:
            try:
                loss = None if self.lock.held() else "the database gave it to another"
            except Exception as error:
                loss = f"{type(error).__name__}: {error}"
            if loss:
                say(f"ended, because it lost the lock that keeps engines apart: {loss}")
                os._exit(LOST)

    def watch(self):
        """Looks at the lock for as long as the process lives."""
        while True:
            time.sleep(PING)
            self.confirm()


def is_taken(connection, path):
    """Returns, on any connection, whether an engine holds the lock. `path`: the file that names the holder."""
    if connection.vendor == "sqlite":
        try:
            with open(path) as file:
                # Shared, and for this moment: an engine that comes just now tries again.
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except FileNotFoundError:
            pass
        return False
    with connection.cursor() as cursor:
        cursor.execute(DIALECTS[connection.vendor].taken)
        return bool(cursor.fetchone()[0])
