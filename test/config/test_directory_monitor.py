"""config/directory_monitor.py, in Bots' own directory monitor, with its engines and a queue that runs what it is asked to."""

import contextlib
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Thread
from xmlrpc.server import SimpleXMLRPCServer

import django
import pytest
from orders import Orders, each_once
from support import BIN, HAS_BOTS, wait_until

LIMIT = 60  # seconds from a file to its order's arrival on a busy machine
GATHER = 2  # seconds for which the monitor gathers files for one run

needs_bots = pytest.mark.skipif(not HAS_BOTS, reason="Bots for this Django is not on the package index")
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def orders(environment, database):
    """Two routes."""
    return Orders(environment, "alpha", "beta")


def watch(orders, path, **options):
    """Adds a watched directory, as components/configuration.ts writes it."""
    with open(orders.environment.config / "bots.ini", "a") as ini:
        ini.write(f"\n[dirmonitor1]\npath = {path}\nfilemask = *.edi\n")
        ini.writelines(f"{key} = {value}\n" for key, value in {"recursive": False, "route": "", **options}.items())


@contextlib.contextmanager
def monitor(orders):
    """Runs the directory monitor until the block ends; yields the jobs that it asks for. Bots 3.3.1 never runs its queue's."""
    environment, jobs = orders.environment, []

    def addjob(task, _priority):
        if task != ["isup"]:
            task = [word for word in task if word]  # as config/job_queue.py takes it
            jobs.append(task[task.index(f"-c{environment.config}") + 1 :])
            engines.submit(environment.run, *task)
        return 0

    with SimpleXMLRPCServer(("localhost", environment.queue_port), logRequests=False) as queue:
        queue.register_function(addjob)
        with ThreadPoolExecutor(1) as engines:
            Thread(target=queue.serve_forever, daemon=True).start()
            command = str(BIN / "bots-dirmonitor"), f"-c{environment.config}"
            with environment.process(*command, ready=watches, what="the monitor watches nothing"):
                yield jobs
        queue.shutdown()


def watches(process):
    """Returns whether a process watches a directory: it opens no port."""
    with contextlib.suppress(FileNotFoundError):  # a file that the process closes meanwhile
        return any("inotify wd:" in file.read_text() for file in Path(f"/proc/{process.pid}/fdinfo").iterdir())
    return False


def change(orders, code):
    """Runs Python code with Bots' models."""
    start = "import sys; from bots import botsinit; botsinit.generalinit(sys.argv[1]); from bots.models import *\n"
    done = orders.environment.run(sys.executable, "-c", start + code, str(orders.environment.config))
    assert done.returncode == 0, done.stderr


def arrives(orders, route, *numbers):
    """Waits until exactly these orders arrived, each once."""

    def arrived():
        with contextlib.suppress(IndexError):  # one that is not written whole
            return orders.sent(route) == each_once(numbers)

    wait_until(arrived, f"{route} did not get {numbers}", LIMIT)


@needs_bots
def test_without_a_route_a_new_file_has_all_active_routes_run(orders):
    orders.put("beta", [1])
    watch(orders, orders.folder / "alpha/in")
    with monitor(orders) as jobs:
        orders.put("alpha", [2])
        arrives(orders, "alpha", 2)
        arrives(orders, "beta", 1)
    assert jobs == [[]]


@needs_bots
def test_with_a_route_it_has_that_one_run(orders):
    orders.put("beta", [1])
    watch(orders, orders.folder / "alpha/in", route="alpha")
    with monitor(orders) as jobs:
        orders.put("alpha", [2])
        arrives(orders, "alpha", 2)
    assert jobs == [["alpha"]]
    assert not orders.sent("beta")


@needs_bots
def test_subdirectories_count_new_ones_too(orders):
    inbox = orders.folder / "alpha/in"
    (inbox / "old/deep").mkdir(parents=True)
    change(orders, "channel.objects.filter(idchannel='alpha_in').update(filename='*/*/*.edi')")
    watch(orders, inbox, route="alpha", recursive=True)
    with monitor(orders):
        (inbox / "old/deep/1.edi").write_text("order 1\n")
        arrives(orders, "alpha", 1)
        # There before anybody can watch its directory.
        (inbox / "new/deep").mkdir(parents=True)
        (inbox / "new/deep/2.edi").write_text("order 2\n")
        arrives(orders, "alpha", 1, 2)
        (inbox / "new/deep/3.edi").write_text("order 3\n")
        arrives(orders, "alpha", 1, 2, 3)


@needs_bots
def test_subdirectories_do_not_count_unless_they_are_said_to(orders):
    inbox = orders.folder / "alpha/in"
    (inbox / "old").mkdir()
    watch(orders, inbox, route="alpha")
    with monitor(orders) as jobs:
        (inbox / "old/1.edi").write_text("order 1\n")
        time.sleep(3 * GATHER)
        assert jobs == []
        orders.put("alpha", [2])
        arrives(orders, "alpha", 2)
    assert jobs == [["alpha"]]


@needs_bots
@pytest.mark.parametrize("node", ["the same", "another"])
def test_what_the_pages_tick_is_watched_and_so_is_what_they_tick_later(orders, node):
    if django.VERSION < (4,):
        pytest.skip("routes of Bots 3.3 have no such tick")
    tick = "for route in routes.objects.filter(idroute=%r): route.dirmonitor = True; route.save()"
    change(orders, tick % "alpha")
    with monitor(orders) as jobs:
        orders.put("alpha", [1])
        arrives(orders, "alpha", 1)
        if node == "the same":
            change(orders, tick % "beta")
        else:
            change(orders, "routes.objects.update(dirmonitor=True)")
            request = orders.folder / "request"
            request.write_text("reload")
            # A link makes no event that a request does, as nothing does that another node writes.
            (orders.environment.folder / "botssys/.dirmonitor.trigger").hardlink_to(request)
        started = "[bots.dirmonitor] Started."
        wait_until(lambda: orders.environment.log().count(started) == 2, "the routes were not read again", LIMIT)
        orders.put("beta", [2])
        arrives(orders, "beta", 2)
    assert jobs == [["alpha"], ["beta"]]


@needs_bots
def test_nothing_to_watch_ends_it_with_one_line(environment, database):
    if django.VERSION >= (4,):
        pytest.skip("routes of Bots 4 may be ticked at any time")
    done = environment.run("bots-dirmonitor", f"-c{environment.config}")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        'Bots settings: nothing to watch: routes of Bots 3.3 have no tick "dirmonitor"; use jobqueue.directoryMonitors\n'
    )

