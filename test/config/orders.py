"""Numbered orders through real engines: routes that pass files on, an outbox that shows what was sent twice or not at all."""

import contextlib
import subprocess
import sys
from collections import Counter

from support import BIN, free_port, wait_until

CONFIGURE = """
import sys
from bots import botsinit
botsinit.generalinit(sys.argv[1])
from bots.models import channel, routes
for route in sys.argv[3:]:
    inbox, outbox = f"{sys.argv[2]}/{route}/in", f"{sys.argv[2]}/{route}/out"
    common = {"type": "file", "secret": ""}
    channel.objects.create(idchannel=f"{route}_in", inorout="in", path=inbox, filename="*.edi", remove=True, **common)
    channel.objects.create(idchannel=f"{route}_out", inorout="out", path=outbox, filename="*.edi", **common)
    routes.objects.create(
        idroute=route, active=True, fromchannel_id=f"{route}_in", tochannel_id=f"{route}_out", translateind=2
    )
"""
# Bots asks this script for the name of each file that it sends. While a gate is shut the engine stands before it.
GATE = """
import os, time
gate, sent = {gate!r}, 0
def filename(channeldict, filename, ta, *args, **kwargs):
    global sent
    sent += 1
    while os.path.exists(gate) and sent > {after}:
        open(gate + ".reached", "w").close()
        time.sleep(0.05)
    return filename
"""
# An engine that kills itself at a point between moving a file and noting that it did.
SUICIDE = """
import os, shutil, signal, sys
from bots import botslib, engine
point, folder, after = sys.argv[2], sys.argv[3], int(sys.argv[4])
def reached(at, path):
    global after
    if at == point and str(path).startswith(folder):
        after -= 1
        if after < 0:
            os.kill(os.getpid(), signal.SIGKILL)
copy, update, remove = shutil.copyfileobj, botslib._Transaction.update, os.remove
def copyfileobj(source, target, *rest):
    global receiving
    reached("opened", target.name)
    reached("receiving", source.name)
    copy(source, target, *rest)
    receiving = source.name
def update_transaction(self, **changes):
    reached("written", changes.get("filename"))
    update(self, **changes)
    reached("noted", changes.get("filename"))
    if "filesize" in changes:
        reached("half received", receiving)
def remove_file(path, *rest, **more):
    reached("received", path)
    remove(path, *rest, **more)
shutil.copyfileobj, botslib._Transaction.update, os.remove = copyfileobj, update_transaction, remove_file
sys.argv = ["bots-engine", sys.argv[1], "--new"]
engine.start()
"""


class Orders:
    """The routes of an environment whose database is new, and the engines on them."""

    def __init__(self, environment, *routes):
        self.environment, self.folder = environment, environment.folder / "orders"
        self.engines = contextlib.ExitStack()
        environment.init_db()
        for route in routes:
            (self.folder / route / "in").mkdir(parents=True)
        done = environment.run(
            sys.executable, "-c", CONFIGURE, str(environment.config), str(self.folder), *routes
        )
        assert done.returncode == 0, done.stderr

    def change_channel(self, name, **changes):
        """Changes columns of a channel."""
        code = (
            "import sys; from bots import botsinit; botsinit.generalinit(sys.argv[1]); from bots.models import channel; "
            f"channel.objects.filter(idchannel={name!r}).update(**{changes!r})"
        )
        done = self.environment.run(sys.executable, "-c", code, str(self.environment.config))
        assert done.returncode == 0, done.stderr

    def put(self, route, numbers):
        """Puts an order of each number into a route's inbox."""
        for number in numbers:
            (self.folder / route / "in" / f"{number}.edi").write_text(f"order {number}\n")

    def sent(self, route):
        """Returns how often each order arrived."""
        return Counter(int(path.read_text().split()[1]) for path in (self.folder / route / "out").glob("*"))

    def gate(self, route, after):
        """Shuts a gate before the file that follows the first `after`; returns its path, to remove."""
        gate = self.folder / f"{route}.gate"
        gate.touch()
        scripts = self.environment.folder / "usersys/communicationscripts"
        scripts.mkdir(exist_ok=True)
        (scripts / f"{route}_out.py").write_text(GATE.format(gate=str(gate), after=after))
        return gate

    def wait_at(self, gate):
        """Waits until an engine stands before the gate."""
        wait_until(gate.with_name(f"{gate.name}.reached").exists, "no engine came to the gate")

    def config_of_other_pod(self):
        """Returns a directory of configuration for a pod of its own: Bots' guard on a port does not see it."""
        config = self.environment.folder / "other"
        if not config.exists():
            config.mkdir()
            for path in self.environment.config.glob("*.*"):
                text = path.read_text().replace(f"port = {self.environment.engine_port}", f"port = {free_port()}")
                (config / path.name).write_text(text)
        return config

    def engine(self, *arguments, config=None):
        """Starts an engine; it ends with the test."""
        process = subprocess.Popen(
            [str(BIN / "bots-engine"), f"-c{config or self.environment.config}", *arguments],
            cwd=self.environment.folder,
            env=self.environment.process_variables(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.engines.enter_context(process)
        self.engines.callback(process.kill)
        return process

    def run_killed(self, point, folder, after):
        """Runs an engine that dies at a point of a folder, the `after`-th time excluded; the point has to be reached."""
        done = self.environment.run(
            sys.executable, "-c", SUICIDE, f"-c{self.environment.config}", point, str(folder), str(after)
        )
        assert done.returncode == -9, done.stderr

    def run(self, *arguments):
        """Runs an engine to its end and returns its exit code and output."""
        return ended(self.engine(*arguments))


def ended(engine):
    """Waits for an engine's end; returns its exit code and output."""
    output = engine.communicate(timeout=120)[0]
    return engine.returncode, output


def each_once(*numbers):
    """Returns what Orders.sent() returns where nothing was lost and nothing was sent twice."""
    return Counter(number for some in numbers for number in some)
