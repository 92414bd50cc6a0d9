"""config/engine_run.py and the lock, in real engines of Bots: every order once, whatever happens to the runs."""

import os
import subprocess
import sys

import pytest
from orders import Orders, each_once, ended
from support import HAS_BOTS, wait_until

pytestmark = pytest.mark.skipif(not HAS_BOTS, reason="Bots for this Django is not on the package index")
on_servers = pytest.mark.parametrize("database", ["mysql", "postgresql"], indirect=True)


@pytest.fixture
def orders(environment, database):
    """Two routes, and orders for each."""
    made = Orders(environment, "alpha", "beta")
    with made.engines:
        yield made


def test_two_engines_at_once_send_each_order_once(orders):
    orders.put("alpha", range(50))
    other = orders.config_of_other_pod()
    first, second = orders.engine("--new"), orders.engine("--new", config=other)
    for engine in first, second:
        code, output = ended(engine)
        assert code == 0, output
        assert "locked" not in output
    assert orders.sent("alpha") == each_once(range(50))


def test_one_that_waits_for_another_goes_on_with_what_came_meanwhile(orders):
    orders.put("alpha", range(3))
    gate = orders.gate("alpha", after=1)
    first = orders.engine("--new")
    orders.wait_at(gate)
    # From the same pod: Bots' own guard, a port, would end it with 3.
    second = orders.engine("--new")
    orders.put("beta", range(3))
    line = second.stdout.readline()
    assert "waiting for another one to end: host" in line and f"process {first.pid}," in line, line
    gate.unlink()
    assert [ended(engine)[0] for engine in (first, second)] == [0, 0]
    assert (orders.sent("alpha"), orders.sent("beta")) == (each_once(range(3)), each_once(range(3)))


@pytest.mark.parametrize("succeeds, expected", [("false", 75), ("true", 0)])
@pytest.mark.parametrize("database", ["mysql"], indirect=True)
def test_a_wait_in_vain_touches_nothing(orders, succeeds, expected):
    orders.put("alpha", range(3))
    gate = orders.gate("alpha", after=1)
    first = orders.engine("--new")
    orders.wait_at(gate)
    orders.environment.variables.update(ENGINE_WAIT="1", ENGINE_BUSY_OK=succeeds)
    code, output = orders.run("--new")
    assert code == expected
    assert "nothing was run: after 1 s another one is still at work: host" in output
    gate.unlink()
    assert ended(first)[0] == 0
    assert orders.sent("alpha") == each_once(range(3))
    code, output = orders.run("--new")
    assert code == 0 and "crash" not in output, output


def test_a_run_with_a_route_that_there_is_not_runs_nothing_and_names_it(orders):
    orders.put("alpha", range(3))
    switch_off = "routes.objects.filter(idroute='beta').update(active=False)"
    code = f"import sys; from bots import botsinit; botsinit.generalinit(sys.argv[1]); from bots.models import routes; {switch_off}"
    assert orders.environment.run(sys.executable, "-c", code, str(orders.environment.config)).returncode == 0
    code, output = orders.run("--new", "alpha", "nowhere", "beta")
    assert code == 78
    assert output == (
        "Bots engine: nothing was run: there is no active route nowhere, beta; the pages list them under Configuration\n"
    )
    assert not orders.sent("alpha")
    code, output = orders.run("--new", "alpha")
    assert code == 0 and "crash" not in output, output
    assert orders.sent("alpha") == each_once(range(3))


def test_a_run_for_one_route_recovers_a_killed_run_for_all(orders):
    orders.put("alpha", range(20))
    orders.put("beta", range(20))
    gate = orders.gate("alpha", after=5)
    first = orders.engine("--new")
    orders.wait_at(gate)
    first.kill()
    first.wait()
    gate.unlink()
    orders.put("beta", range(100, 103))
    code, output = orders.run("--new", "beta")
    assert code == 0, output
    assert orders.sent("alpha") == each_once(range(20))
    assert orders.sent("beta") == each_once(range(20), range(100, 103))


def test_a_recovery_that_is_killed_is_recovered(orders):
    orders.put("alpha", range(20))
    orders.put("beta", range(20))
    gate = orders.gate("alpha", after=5)
    for _ in range(2):
        engine = orders.engine("--new")
        orders.wait_at(gate)
        gate.with_name(f"{gate.name}.reached").unlink()
        engine.kill()
        engine.wait()
    gate.unlink()
    code, output = orders.run("--new", "beta")
    assert code == 0, output
    assert orders.sent("alpha") == each_once(range(20))
    assert orders.sent("beta") == each_once(range(20))


@pytest.mark.parametrize(
    "point, folder, there",
    [
        ("receiving", "in", 0),
        ("half received", "in", 0),
        ("received", "in", 0),
        ("opened", "out", 5),
        ("written", "out", 6),
        ("noted", "out", 6),
    ],
)
def test_what_a_killed_engine_had_in_hand_is_sent_once(orders, point, folder, there):
    """`there`: files that are whole in the outbox when the engine is dead, in whose hand was the sixth."""
    orders.put("alpha", range(10))
    orders.run_killed(point, orders.folder / "alpha" / folder, after=5)
    files = list((orders.folder / "alpha/out").glob("*"))
    assert len([path for path in files if path.read_text()]) == there
    assert len(list((orders.folder / "alpha/in").glob("*"))) == (5 if folder == "in" else 0)
    code, output = orders.run("--new")
    assert code == 0, output
    assert orders.sent("alpha") == each_once(range(10))


@pytest.mark.skipif(os.geteuid() != 0, reason="a full volume has to be mounted")
@pytest.mark.parametrize("folder", ["botssys/data", "orders/alpha/out"])
@pytest.mark.parametrize("database", ["mysql"], indirect=True)
def test_a_full_volume_ends_the_run_and_the_next_one_sends_each_order_once(orders, folder):
    """Four of ten files find room there. Before, the others were given up: received, and never sent."""
    orders.put("alpha", range(10))
    full = orders.environment.folder / folder
    full.mkdir(exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "none", str(full), "-o"]
    subprocess.run([*mount, "size=16k"], check=True)
    try:
        code, output = orders.run("--new")
        assert code == 74, output
        assert "Bots engine: ended, because no space is left on a volume" in output
        subprocess.run([*mount, "remount,size=16m"], check=True)
        code, output = orders.run("--new")
        assert code == 0, output
        assert orders.sent("alpha") == each_once(range(10))
    finally:
        subprocess.run(["umount", str(full)], check=True)


@pytest.mark.parametrize("point", ["receiving", "half received", "received"])
@pytest.mark.parametrize("database", ["mysql"], indirect=True)
def test_a_run_for_one_route_recovers_a_run_that_was_killed_while_it_received(orders, point):
    orders.put("alpha", range(5))
    orders.put("beta", range(10))
    orders.run_killed(point, orders.folder / "beta/in", after=5)
    code, output = orders.run("--new", "beta")
    assert code == 0, output
    assert (orders.sent("alpha"), orders.sent("beta")) == (each_once(range(5)), each_once(range(10)))


@pytest.mark.parametrize("filename, start", [("all.txt", "order 100\n"), ("{overwrite}one.txt", "")])
@pytest.mark.parametrize("point", ["opened", "written", "noted"])
@pytest.mark.parametrize("database", ["mysql"], indirect=True)
def test_a_file_of_a_fixed_name_is_whole_after_a_kill(orders, point, filename, start):
    orders.change_channel("alpha_out", filename=filename)
    outbox = orders.folder / "alpha/out"
    outbox.mkdir()
    target = outbox / filename.replace("{overwrite}", "")
    target.write_text("order 100\n")
    orders.put("alpha", range(3))
    orders.run_killed(point, outbox, after=1)
    code, output = orders.run("--new")
    assert code == 0, output
    sent = "".join(f"order {number}\n" for number in range(3)) if start else "order 2\n"
    assert target.read_text() == start + sent


@pytest.mark.parametrize("point", ["opened", "written", "noted"])
@pytest.mark.parametrize("database", ["mysql"], indirect=True)
def test_a_file_that_is_renamed_when_it_is_written_is_sent_once(orders, point):
    orders.change_channel("alpha_out", filename="*.edi.part", mdnchannel=".part")
    orders.put("alpha", range(3))
    orders.run_killed(point, orders.folder / "alpha/out", after=1)
    code, output = orders.run("--new")
    assert code == 0, output
    assert orders.sent("alpha") == each_once(range(3))
    assert not list((orders.folder / "alpha/out").glob("*.part"))


@pytest.mark.parametrize("database", ["mysql"], indirect=True)
def test_what_only_looks_like_the_file_in_hand_is_let_alone(orders):
    orders.put("alpha", range(3))
    orders.run_killed("received", orders.folder / "alpha/in", after=1)
    # The partner has put another order under the name of the one that was received.
    (orders.folder / "alpha/in/1.edi").write_text("order 7\n")
    code, output = orders.run("--new")
    assert code == 0, output
    assert orders.sent("alpha") == each_once(range(3), [7])


@pytest.mark.parametrize("database", ["mysql"], indirect=True)
def test_a_file_that_the_partner_took_before_the_next_run_is_sent_again(orders):
    """What remains: nothing tells that it was there."""
    orders.put("alpha", range(3))
    orders.run_killed("written", orders.folder / "alpha/out", after=1)
    taken = list((orders.folder / "alpha/out").glob("*"))
    assert len(taken) == 2
    for path in taken:
        path.unlink()
    code, output = orders.run("--new")
    assert code == 0, output
    assert orders.sent("alpha") == each_once([1, 2])


@on_servers
def test_an_engine_whose_lock_is_gone_sends_nothing_more(orders, database):
    orders.put("alpha", range(20))
    gate = orders.gate("alpha", after=5)
    first = orders.engine("--new")
    orders.wait_at(gate)
    database.kill(database.lock_holder())
    gate.unlink()
    code, output = ended(first)
    assert code == 69, output
    assert "ended, because it lost the lock that keeps engines apart" in output
    # The order at the gate was on its way before; the next run cannot know that, and sends it again.
    on_its_way = orders.sent("alpha")
    assert sum(on_its_way.values()) <= 6
    code, output = orders.run("--new")
    assert code == 0, output
    assert set(orders.sent("alpha")) == set(range(20))
    assert sum(orders.sent("alpha").values()) <= 21


@pytest.mark.parametrize("database", ["mysql"], indirect=True)
def test_only_engines_take_the_lock(orders, database):
    environment = orders.environment
    with environment.webserver():
        assert environment.get("/health/startup")[0] == 200
        assert database.lock_holder() == ""
    code = (
        "import sys; from bots import botsinit, botslib; botsinit.generalinit(sys.argv[1]); "
        "botslib.check_if_other_engine_is_running().close()"
    )
    done = environment.run(sys.executable, "-c", code, str(environment.config))
    assert (done.returncode, done.stderr) == (0, "")
    assert not (environment.folder / "botssys/engine.lock").exists()
    done = environment.run(sys.executable, "-m", "bots.engine", f"-c{environment.config}", "--new")
    assert done.returncode == 0, done.stderr
    assert (environment.folder / "botssys/engine.lock").exists()


def test_without_the_lock_no_engine_starts_and_one_line_says_why(environment):
    environment.init_db()
    (environment.config / "engine_lock.py").unlink()
    done = environment.run("bots-engine", f"-c{environment.config}", "--new")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "Bots settings: no engine can be run alone, so none is run: No module named 'engine_lock'\n"


def test_an_engine_that_is_not_as_expected_does_not_start_and_one_line_says_why(environment):
    environment.init_db()
    code = (
        "import sys; from bots import botslib, engine; del botslib.check_if_other_engine_is_running; "
        "sys.argv = ['bots-engine', sys.argv[1], '--new']; engine.start()"
    )
    done = environment.run(sys.executable, "-c", code, f"-c{environment.config}")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Bots settings: no engine can be run alone, so none is run: module 'bots.botslib'")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_relative_path_was_looked_up_inside_the_package_it_begins_at_the_environments_folder(orders):
    orders.put("alpha", range(3))
    orders.change_channel("alpha_in", path="orders/alpha/in")
    orders.change_channel("alpha_out", path="orders/alpha/out")
    code, output = orders.run("--new")
    assert code == 0, output
    assert orders.sent("alpha") == each_once(range(3))


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_an_inbox_that_cannot_be_emptied_is_told_and_nothing_of_it_is_sent(orders):
    orders.put("beta", range(3))
    inbox = orders.folder / "alpha/in"
    root = os.getuid() == 0
    if root:  # whom permissions do not bind
        orders.environment.run("mount", "-t", "tmpfs", "tmpfs", str(inbox))
    try:
        orders.put("alpha", range(3))
        orders.environment.run("mount", "-o", "remount,ro", str(inbox)) if root else inbox.chmod(0o555)
        for _ in range(2):
            code, output = orders.run("--new")
            assert code == 2, output
            assert f"Channel alpha_in: nothing is received, since {inbox}/" in output
            assert not orders.sent("alpha")
        assert orders.sent("beta") == each_once(range(3))
    finally:
        orders.environment.run("umount", str(inbox)) if root else inbox.chmod(0o755)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_lock_file_left_behind_is_told_and_nothing_of_the_inbox_is_sent(orders):
    orders.change_channel("alpha_in", lockname="lock")
    orders.put("alpha", range(3))
    (orders.folder / "alpha/in/lock").touch()
    code, output = orders.run("--new")
    assert code == 2, output
    assert not orders.sent("alpha")
