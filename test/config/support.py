"""What the tests run on: a Bots environment in a temporary folder, its web server, and databases that answer or not."""

import contextlib
import http.client
import itertools
import json
import os
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
CONFIG = HERE.parent.parent / "config"
STANDIN = HERE / "standin"
BIN = Path(sys.executable).parent
HAS_BOTS = (BIN / "bots-webserver").exists()
PORTS = itertools.cycle(random.sample(range(20000, 28000), 8000))  # none twice: it is bound some time after it was given
START_LIMIT = 30  # seconds that a server may take to start on a busy machine
READY_LIMIT = 2.0  # seconds of /health/ready, which the probe's timeout builds on
LIVE_LIMIT = 0.1  # seconds of /health/live


def free_port():
    """Returns a port of 127.0.0.1 that nobody listens on; none that the kernel gives to connections, one of which may take it."""
    for port in PORTS:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def wait_until(ready, what, limit=START_LIMIT):
    """Waits until ready() is true, at most `limit` seconds."""
    end = time.monotonic() + limit
    while not ready():
        assert time.monotonic() < end, f"{what} within {limit} s"
        time.sleep(0.05)


def accepts(port):
    """Returns whether somebody accepts connections on the port."""
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex(("127.0.0.1", port)) == 0


class Environment:
    """The folders of one Bots environment, with the project's files; only paths and ports are changed in them."""

    def __init__(self, folder):
        self.folder = folder
        self.config = folder / "config"
        self.port, self.engine_port, self.queue_port = free_port(), free_port(), free_port()
        for name in ("config", "botssys/sqlitedb", "usersys"):
            (folder / name).mkdir(parents=True)
        for path in CONFIG.glob("*.py"):
            shutil.copy(path, self.config)
        ini = (CONFIG / "bots.ini").read_text()
        changes = {
            "= /home/bots/.bots/env/default/botssys": f"= {folder}/botssys",
            "= /home/bots/.bots/env/default/usersys": f"= {folder}/usersys",
            "port = 8080": f"port = {self.port}",
            "port = 28081": f"port = {self.engine_port}",
            "port = 28082": f"port = {self.queue_port}",
        }
        for old, new in changes.items():
            assert ini.count(old) == 1, old
            ini = ini.replace(old, new)
        (self.config / "bots.ini").write_text(ini)
        self.variables = {"DJANGO_SECRET_KEY": "only-for-this-test", "DB_ENGINE": "sqlite"}

    def process_variables(self):
        """Returns the whole environment of a process: nothing of the caller's but PATH, TMPDIR and HOME."""
        variables = {"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(self.folder), "TMPDIR": str(self.folder)}
        variables["PYTHONPATH"] = os.pathsep.join(self.python_path())
        return {**variables, **self.variables}

    def python_path(self):
        """Returns the folders to import from besides the installed packages."""
        path = [] if HAS_BOTS else [str(STANDIN)]
        hidden = self.folder / "hidden"
        return [str(hidden), *path] if hidden.exists() else path

    def hide(self, module):
        """Makes a Python module unusable in this environment, as if it were not installed."""
        (self.folder / "hidden").mkdir(exist_ok=True)
        (self.folder / "hidden" / f"{module}.py").write_text(f"raise ImportError('no module named {module}')\n")

    def run(self, *command, limit=60):
        """Runs a command to its end and returns the finished process with its output."""
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.process_variables(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=limit,
        )

    def settings(self, *names):
        """Returns values of the settings module, or the finished process where it could not be imported."""
        code = f"import json, config.settings as s; print(json.dumps({{n: getattr(s, n) for n in {names!r}}}))"
        done = self.run(sys.executable, "-c", code)
        return json.loads(done.stdout) if done.returncode == 0 else done

    def init_db(self):
        """Makes the tables."""
        done = self.run(sys.executable, str(HERE / "initdb.py"), str(self.config))
        assert done.returncode == 0, done.stderr

    @contextlib.contextmanager
    def process(self, *command, ready, what):
        """Runs a command until the block ends; yields its process once `ready` of it. Its output goes to the file log."""
        with open(self.folder / "log", "a") as log:
            process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=self.process_variables(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
            try:
                wait_until(lambda: process.poll() is not None or ready(process), what)
                assert process.poll() is None, self.log()
                yield process
            finally:
                process.kill()
                process.wait(10)

    def server(self, *command, port):
        """The same for a server, that is ready when it accepts connections."""
        return self.process(*command, ready=lambda _: accepts(port), what=f"{command[0]} did not start")

    @contextlib.contextmanager
    def webserver(self):
        """Runs the web server until the block ends: Bots' own, or the stand-in's where there is no Bots."""
        standin = [sys.executable, "-m", "bots.webserver", str(self.config), str(self.port)]
        command = [str(BIN / "bots-webserver"), f"-c{self.config}"] if HAS_BOTS else standin
        with self.server(*command, port=self.port) as process:
            yield process

    def get(self, path, method="GET", limit=10, **headers):
        """Asks the web server; returns status, body (read as JSON where it is) and the seconds it took."""
        start = time.monotonic()
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=limit)
        try:
            client.request(method, path, headers=headers)
            response = client.getresponse()
            body = response.read().decode()
        finally:
            client.close()
        if response.headers["Content-Type"] == "application/json" and body:
            body = json.loads(body)
        return response.status, body, time.monotonic() - start

    def log(self):
        """Returns what the servers wrote so far."""
        return (self.folder / "log").read_text()


def use_server(environment, engine, port):
    """Makes the environment use a database server on a loopback port."""
    environment.variables.update(
        DB_ENGINE=engine,
        DB_HOST="127.0.0.1",
        DB_PORT=str(port),
        DB_NAME="bots",
        DB_USER="bots",
        DB_PASSWORD="password-of-the-test",
    )


def median_of_live(environment, times=9):
    """Returns the median of the seconds that /health/live takes; every answer has to be 200."""
    answers = [environment.get("/health/live") for _ in range(times)]
    assert {status for status, _, _ in answers} == {200}
    return statistics.median(seconds for _, _, seconds in answers)


class MariaDb:
    """A real MariaDB server on a loopback port, with its data in a temporary folder."""

    options = ()  # more of them, for a test's own server

    def __init__(self, folder):
        self.folder = folder
        self.port = free_port()
        self.process = None
        install = ["mariadb-install-db", "--no-defaults", f"--datadir={folder}/data", "--skip-test-db", *self.user()]
        subprocess.run(install, check=True, capture_output=True, timeout=120)

    @staticmethod
    def user():
        """Returns the option that lets the server run as root, for those who test as root."""
        return ["--user=root"] if os.getuid() == 0 else []

    def start(self):
        """Starts the server and waits until it accepts connections."""
        command = [
            shutil.which("mariadbd") or "/usr/sbin/mariadbd",
            "--no-defaults",
            f"--datadir={self.folder}/data",
            f"--socket={self.folder}/socket",
            f"--pid-file={self.folder}/pid",
            f"--port={self.port}",
            "--bind-address=127.0.0.1",
            # Nothing here has to survive a power cut.
            "--innodb-flush-method=nosync",
            "--innodb-flush-log-at-trx-commit=0",
            *self.options,
            *self.user(),
        ]
        with open(self.folder / "log", "a") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        # It listens at its socket after its port, and where it was killed the old one's file is there.
        wait_until(lambda: accepts(self.port) and self.listens(), "MariaDB did not start")

    def listens(self):
        """Returns whether it accepts connections at its socket."""
        with socket.socket(socket.AF_UNIX) as client:
            return client.connect_ex(f"{self.folder}/socket") == 0

    def create(self, database, user, password):
        """Makes a database and the user who may do everything in it."""
        self.sql(
            [
                f"CREATE DATABASE {database} CHARACTER SET utf8mb4",
                f"CREATE USER {user}@'127.0.0.1' IDENTIFIED BY '{password}'",
                f"GRANT ALL ON {database}.* TO {user}@'127.0.0.1'",
            ]
        )

    def sql(self, statements, database="mysql"):
        """Runs statements as the superuser and returns what they answer."""
        client = ["mariadb", "--no-defaults", f"--socket={self.folder}/socket", "-BN", database, "-e", ";".join(statements)]
        return subprocess.run(client, check=True, capture_output=True, text=True, timeout=30).stdout

    def signal(self, number):
        """Sends the server a signal."""
        self.process.send_signal(number)

    def stop(self):
        """Ends the server, whatever state it is in."""
        if self.process:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait(30)
            self.process = None


@contextlib.contextmanager
def closed_port():
    """A database that is down: nobody listens."""
    yield free_port()


@contextlib.contextmanager
def silent_port():
    """A database that hangs: the connection is accepted, and nothing ever comes."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        yield listener.getsockname()[1]


@contextlib.contextmanager
def unreachable_port():
    """A database whose network drops the packets: the queue of connections is full, so that none is answered."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        for _ in range(3):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        wait_until(lambda: not accepts_within(port, 0.2), "the queue was not full")
        yield port


def accepts_within(port, seconds):
    """Returns whether a connection to the port comes about in that time."""
    with socket.socket() as client:
        client.settimeout(seconds)
        return client.connect_ex(("127.0.0.1", port)) == 0


class PostgreSql:
    """A real PostgreSQL server on a loopback port. It refuses to run as root, so then it runs as its package's user."""

    options = ()  # more of them, for a test's own server

    def __init__(self):
        self.user = "postgres" if os.getuid() == 0 else None
        self.folder = Path(tempfile.mkdtemp(prefix="bots-edi-postgresql-"))
        if self.user:
            shutil.chown(self.folder, self.user)
        self.bin = max(Path("/usr/lib/postgresql").glob("*/bin"))
        self.port = free_port()
        self.process = None
        self.run("initdb", f"--pgdata={self.folder}/data", "--username=root", "--auth=trust", "--no-sync")

    def own(self, path):
        """Leaves a file of the folder to the server's user alone."""
        if self.user:
            shutil.chown(self.folder / path, self.user)
        (self.folder / path).chmod(0o600)

    def run(self, program, *arguments):
        """Runs one of PostgreSQL's programs to its end and returns what it printed."""
        command = [self.bin / program, *arguments]
        kwargs = {"check": True, "capture_output": True, "text": True, "timeout": 120, "cwd": self.folder}
        return subprocess.run(command, user=self.user, **kwargs).stdout

    def start(self):
        """Starts the server and waits until it accepts connections."""
        command = [self.bin / "postgres", "-D", self.folder / "data", "-h", "127.0.0.1", "-p", str(self.port)]
        command += ["-k", self.folder, "-c", "fsync=off", *self.options]
        with open(self.folder / "log", "a") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, user=self.user)
        wait_until(lambda: "ready to accept connections" in (self.folder / "log").read_text(), "PostgreSQL did not start")

    def sql(self, statements, database="postgres"):
        """Runs statements as the superuser, each in a transaction of its own, and returns what they answer."""
        options = ["-XAtq", "-h", "127.0.0.1", "-p", str(self.port), "-U", "root", "-d", database]
        return self.run("psql", *options, *(part for statement in statements for part in ("-c", statement)))

    def create(self, database, user, password):
        """Makes a database and its owner."""
        self.sql([f"CREATE USER {user} PASSWORD '{password}'", f"CREATE DATABASE {database} OWNER {user}"])

    def stop(self):
        """Ends the server and removes its folder."""
        if self.process:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(30)
        shutil.rmtree(self.folder)
