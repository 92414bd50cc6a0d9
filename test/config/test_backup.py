"""config/backup.py: what is in a set, that it is brought back to the byte, and that no order is sent twice then."""

import json
import os
import re
import subprocess
import zipfile

import pytest
from backups import Backups
from orders import Orders, each_once, ended
from support import HAS_BOTS

pytestmark = [
    pytest.mark.skipif(not HAS_BOTS, reason="Bots for this Django is not on the package index"),
    # A file has no client of its own.
    pytest.mark.parametrize("database", ["mysql", "postgresql"], indirect=True),
]

FORGET = "[model.objects.all().delete() for model in (routes, channel)]"
TELL = 'print(list(routes.objects.values_list("idroute", "fromchannel__path")))'
READ_BACK = "pluglib.read_plugin(sys.argv[2])"
MAPPING = "def main(inn, out):\n    pass\n"
# A migration that is yet to run.
UNMIGRATE = """
from django.db.migrations.recorder import MigrationRecorder
MigrationRecorder.Migration.objects.filter(app="sessions").delete()
"""

# The second of the last set is not over, whatever the clock says.
STANDING_CLOCK = """
import time
moments, strftime = ["{0}"] * 2, time.strftime
time.strftime = lambda form, *given: moments.pop() if form.endswith("SZ") and moments else strftime(form, *given)
"""


def without_numbers(rows):
    """Returns the rows of all tables but that of numbers."""
    return [line for line in rows.split("\n") if not line.startswith("uniek ")]


def kept(files):
    """Returns the files that do not wait, and are not held."""
    return {path: files[path] for path in files if not path.startswith(("orders/", "botssys/held/"))}


@pytest.fixture
def system(environment, database, tmp_path):
    """Orders 1 to 3 sent, 4 and 5 in the inbox, and a mapping."""
    orders = Orders(environment, "orders")
    with orders.engines:
        orders.put("orders", [1, 2, 3])
        assert orders.run()[0] == 0
        orders.put("orders", [4, 5])
        mapping = environment.folder / "usersys/mappings/edifact/orders.py"
        mapping.parent.mkdir(parents=True)
        mapping.write_text(MAPPING)
        yield orders, Backups(environment, tmp_path)


def test_a_set_says_what_it_is_and_only_its_owner_reads_it(system):
    orders, backups = system
    made = backups.make()
    assert re.fullmatch(r"\d{8}T\d{6}Z", made.name)
    assert {path.name for path in made.iterdir()} == {
        "database.sql.gz", "data.tar.gz", "configuration.zip", "manifest.json", "SHA256SUMS"
    }
    subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=made, check=True, capture_output=True)
    assert made.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in made.iterdir()} == {0o600}
    manifest = json.loads((made / "manifest.json").read_text())
    vendor = orders.environment.variables["DB_ENGINE"]
    told = [manifest[key] for key in ("format", "why", "stack", "bots", "engine", "cut_off")]
    assert told == [1, "schedule", "test", "3.3.1", vendor, False]
    inbox = [f"orders/orders/in/{number}.edi" for number in (4, 5)]
    assert [path for path in manifest["waiting"] if "/in/" in path] == inbox
    names = {re.sub(r"\.(py|json)$", "", entry) for entry in zipfile.ZipFile(made / "configuration.zip").namelist()}
    assert names == {"botsindex", "usersys/mappings/edifact/orders"}
    listed = backups.run("list", "--check")
    assert re.fullmatch(rf"{made.name}  schedule  stack test  Bots 3.3.1  {vendor}  0.\d MiB  5 waiting  whole\n", listed.stdout)


def test_what_was_destroyed_comes_back_to_the_byte(system):
    orders, backups = system
    rows, files = backups.rows(), backups.files()
    # Started by somebody long ago, it would run a second time.
    jobs = orders.environment.folder / "botssys/jobqueue.json"
    jobs.write_text("{}")
    made = backups.make()
    backups.destroy()
    said = backups.restore(made.name, "--put-waiting")
    assert "Restored" in said and "held" not in said
    assert not jobs.exists()
    assert (backups.rows(), backups.files()) == (rows, files)
    assert orders.run()[0] == 0
    assert orders.sent("orders") == each_once(range(1, 6))


def test_no_order_is_sent_twice_that_waited_then_and_was_sent_since(system):
    orders, backups = system
    made = backups.make()
    assert orders.run()[0] == 0
    fetched = orders.sent("orders")
    assert fetched == each_once(range(1, 6))
    backups.destroy()
    said = backups.restore(made.name)
    assert "5 files waited when the set was made, and may have been sent or fetched since: they are held in" in said
    assert orders.run()[0] == 0
    assert orders.sent("orders") == each_once()

    done = backups.run("release", made.name)
    assert done.stdout == "5 files were put back\n"
    assert orders.run()[0] == 0
    assert orders.sent("orders") == each_once(range(1, 6))
    assert backups.run("release", made.name).stderr == f"Nothing was changed: nothing of set {made.name} is held\n"


def test_a_running_system_keeps_what_waits_and_is_saved_first(system):
    orders, backups = system
    rows, files = backups.rows(), backups.files()
    made = backups.make()
    assert orders.run()[0] == 0
    orders.put("orders", [6])
    line = backups.refused("restore", made.name)
    assert re.search(r"the system is in use: table routes has 1 rows; --replace makes a set of it", line)
    jobs = orders.environment.folder / "botssys/jobqueue.json"
    jobs.write_text("{}")
    said = backups.restore(made.name, "--replace")
    assert jobs.read_text() == "{}"
    assert [json.loads((path / "manifest.json").read_text())["why"] for path in backups.sets()] == ["schedule", "before a restore"]
    assert "6 files that wait now" in said  # in the outbox, and the new one
    # But the numbers that were given out since are not given out again: 6 would be added to the file of 4.
    assert without_numbers(backups.rows()) == without_numbers(rows)
    assert kept(backups.files()) == kept(files)
    # 4 and 5 had been sent by then: they are held, and 6 goes out.
    assert orders.run()[0] == 0
    assert orders.sent("orders") == each_once(range(1, 7))


def test_bots_reads_the_plugin_of_a_set_back(system):
    orders, backups = system
    told = backups.in_bots(TELL)
    assert "orders" in told
    made = backups.make()
    backups.in_bots(FORGET)
    mapping = orders.environment.folder / "usersys/mappings/edifact/orders.py"
    mapping.unlink()
    backups.in_bots(READ_BACK, str(made / "configuration.zip"))
    assert backups.in_bots(TELL) == told
    assert mapping.read_text() == MAPPING


def test_what_does_not_fit_changes_nothing(system):
    orders, backups = system
    made = backups.make()
    text = (made / "manifest.json").read_text()

    def changed(**changes):
        manifest = json.dumps({**json.loads(text), **changes})
        (made / "manifest.json").write_text(manifest)
        names = ("database.sql.gz", "data.tar.gz", "configuration.zip", "manifest.json")
        sums = subprocess.run(["sha256sum", *names], cwd=made, check=True, capture_output=True, text=True).stdout
        (made / "SHA256SUMS").write_text(sums)

    for changes, words in {
        ("stack", "prod"): "is of stack prod, not test; --of prod takes it all the same",
        ("bots", "4.0.0"): "is of Bots 4.0.0, and Bots 3.3.1 runs: deploy 4.0.0 first, restore, then go on to 3.3.1",
        ("engine", "oracle"): "is a oracle dump, and the database is",
        ("cut_off", True): "the next run recovers it, and may send again what was sent since; --recover",
        ("format", 2): "has format 2, this takes 1",
    }.items():
        changed(**dict([changes]))
        assert words in backups.refused("restore", made.name, "--replace")
    changed()
    (made / "data.tar.gz").write_bytes((made / "data.tar.gz").read_bytes()[:-1])
    assert f"set {made.name} is damaged: data.tar.gz is not as it was made" in backups.refused("restore", made.name, "--replace")
    assert "  data.tar.gz is not as it was made\n" in backups.run("list", "--check").stdout
    (made / "database.sql.gz").unlink()
    assert "database.sql.gz is missing" in backups.refused("restore", made.name, "--replace")
    assert f"there is no set 20200101T000000Z; there are: {made.name}" in backups.refused("restore", "20200101T000000Z")


def test_a_set_of_another_stack_is_taken_where_that_is_said(system):
    orders, backups = system
    made = backups.make(BACKUP_STACK="prod")
    backups.destroy()
    assert "Restored" in backups.restore(made.name, "--of", "prod", "--put-waiting")


def test_no_engine_runs_on_what_is_half_restored(system):
    orders, backups = system
    rows, files = backups.rows(), backups.files()
    made = backups.make()
    backups.destroy()
    done = backups.run("restore", made.name, "--put-waiting", client={"DB_NAME": "nowhere"})
    assert done.returncode == 1
    words = r"The restore was cut off; no engine runs until it is done again: .*nowhere"
    assert re.match(words, done.stderr) and done.stderr.count("\n") == 1, done.stderr
    backups.environment.init_db()
    code, output = orders.run()
    assert code == 1 and "nothing was run: a restore is under way or was cut off: do it again" in output
    again = backups.run("make")
    assert again.returncode == 1 and "a restore is under way or was cut off" in again.stderr
    backups.restore(made.name, "--put-waiting")
    assert (backups.rows(), backups.files()) == (rows, files)
    assert orders.run()[0] == 0
    assert orders.sent("orders") == each_once(range(1, 6))


def test_it_waits_for_an_engine_and_engines_wait_for_it(system):
    orders, backups = system
    gate = orders.gate("orders", after=0)
    engine = orders.engine()
    orders.wait_at(gate)
    done = backups.run("make", BACKUP_WAIT="1")
    assert done.returncode == 75 and "after 1 s another one is still at work: host" in done.stderr
    assert backups.sets() == []
    gate.unlink()
    assert ended(engine)[0] == 0
    made = backups.make()
    manifest = json.loads((made / "manifest.json").read_text())
    assert [path for path in manifest["waiting"] if "/in/" in path] == []


def test_a_run_that_was_cut_off_is_told(system):
    orders, backups = system
    gate = orders.gate("orders", after=0)
    engine = orders.engine()
    orders.wait_at(gate)
    engine.kill()
    ended(engine)
    gate.unlink()
    made = backups.make()
    assert json.loads((made / "manifest.json").read_text())["cut_off"] is True
    assert "--recover" in backups.refused("restore", made.name, "--replace")


def test_the_oldest_are_removed_and_what_was_never_finished(system):
    orders, backups = system
    for day in (1, 2, 3):
        (backups.target / f"2026010{day}T020000Z").mkdir()
        (backups.target / f"2026010{day}T020000Z" / "SHA256SUMS").touch()
    (backups.target / ".unfinished-abc").mkdir()
    (backups.target / "mine").mkdir()
    done = backups.run("make", BACKUP_KEEP="2")
    assert done.returncode == 0, done.stderr
    assert f"Removed {backups.target}/20260101T020000Z\n" in done.stdout
    names = sorted(path.name for path in backups.target.iterdir())
    assert names[0] == "20260103T020000Z" and names[2:] == ["bots-version", "mine"] and len(names) == 4


def test_two_sets_of_one_second_have_a_name_each(system):
    orders, backups = system
    made = backups.make()
    moment = json.loads((made / "manifest.json").read_text())["made"]
    done = backups.run("make", first=STANDING_CLOCK.format(moment))
    assert done.returncode == 0, done.stderr
    assert len(backups.sets()) == 2


def test_before_migrations_the_database_alone_is_saved_with_the_version_that_made_it(system):
    orders, backups = system
    done = backups.run("make", "--before-migrations")
    assert done.stdout == "No migration changes tables that are in use: no set is made\n"
    assert backups.sets() == []
    (backups.target / "bots-version").write_text("3.3.0")
    backups.in_bots(UNMIGRATE)
    made = backups.make("--before-migrations")
    assert {path.name for path in made.iterdir()} == {"database.sql.gz", "manifest.json", "SHA256SUMS"}
    manifest = json.loads((made / "manifest.json").read_text())
    assert (manifest["why"], manifest["bots"]) == ("before migrations", "3.3.0")


def test_a_database_only_set_leaves_the_files_alone(system):
    orders, backups = system
    (backups.target / "bots-version").write_text("3.3.1")
    backups.in_bots(UNMIGRATE)
    rows, files = backups.rows(), backups.files()
    made = backups.make("--before-migrations")
    backups.in_bots(FORGET)
    said = backups.restore(made.name, "--replace")
    assert "the data volume stays as it is" in said
    assert (backups.rows(), backups.files()) == (rows, files)


def test_a_client_that_is_not_in_its_image_is_named(system, tmp_path):
    orders, backups = system
    (tmp_path / "bin").mkdir()
    for name in ("cat", "sleep", "rm", "mv"):
        (tmp_path / "bin" / name).symlink_to(f"/bin/{name}")
    done = backups.run("make", client={"PATH": str(tmp_path / "bin")})
    assert done.returncode == 1
    assert re.match(r"Nothing was saved: .*none of: .*dump.*Set backup.clientImage to one that has\n", done.stderr)
    assert backups.sets() == []


@pytest.mark.skipif(os.getuid() != 0, reason="only root makes a file system")
def test_a_full_volume_loses_nothing(system):
    orders, backups = system
    backups.environment.run("mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(backups.target))
    try:
        made = backups.make()
        (backups.environment.folder / "usersys/large.bin").write_bytes(os.urandom(400_000))
        done = backups.run("make", BACKUP_KEEP="1")
        assert done.returncode == 1
        assert "No space left on device" in done.stderr and done.stderr.count("\n") == 1
        assert backups.sets() == [made]
        (backups.target / "filler").write_bytes(bytes(170_000))
        done = backups.run("make", BACKUP_KEEP="1")
        assert "enlarge storage.backup, or lower backup.keep" in done.stderr
        assert backups.sets() == [made]
    finally:
        backups.environment.run("umount", str(backups.target))
