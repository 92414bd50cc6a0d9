"""config/backup.py: what it saves, and that Bots reads it back."""

import os
import re
import sys
import zipfile

import django
import pytest
from support import CONFIG, HAS_BOTS, closed_port

pytestmark = pytest.mark.skipif(not HAS_BOTS, reason="Bots for this Django is not on the package index")

CONFIGURE = """
channel.objects.create(idchannel="in_orders", inorout="in", type="file", path="in", desc="Jørgen & Søn", secret="s3cret")
routes.objects.create(idroute="orders", seq=1, active=True, fromchannel_id="in_orders")
"""
# Bots 3.3.1 fails to read any partner back, unless image/bots-edi/mend.py has mended it: test/e2e/image tries that.
if django.VERSION >= (4,):
    CONFIGURE += 'partner.objects.create(idpartner="buyer", active=True, isgroup=False, name="Buyer")'
FORGET = "[model.objects.all().delete() for model in (routes, partner, channel)]"
READ_BACK = "pluglib.read_plugin(sys.argv[2])"
TELL = """
print(list(routes.objects.values_list("idroute", "fromchannel__desc", "fromchannel__secret")))
print(list(partner.objects.values_list("idpartner", "name")))
"""


def in_bots(environment, code, *arguments):
    """Runs Python code in an initialised Bots and returns what it printed."""
    start = """import logging, sys
from bots import botsglobal, botsinit
botsinit.generalinit(sys.argv[1])
botsglobal.logger = logging.getLogger("bots")
from bots import pluglib
from bots.models import channel, partner, routes
"""
    done = environment.run(sys.executable, "-c", start + code, str(environment.config), *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def back_up(environment, keep=14):
    """Runs the script as the CronJob does, and returns the finished process."""
    script = (CONFIG / "backup.py").read_text()
    target = environment.folder / "plugins"
    return environment.run(sys.executable, "-c", script, str(environment.config), str(target), str(keep))


@pytest.fixture
def configured(environment):
    """A Bots environment with a channel, a partner, a route and a mapping."""
    environment.init_db()
    in_bots(environment, CONFIGURE)
    mapping = environment.folder / "usersys/mappings/edifact/orders.py"
    mapping.parent.mkdir(parents=True)
    mapping.write_text("def main(inn, out):\n    pass\n")
    return environment


def saved(environment):
    return sorted(path.name for path in (environment.folder / "plugins").iterdir())


def test_bots_reads_the_plugin_back(configured):
    told = in_bots(configured, TELL)
    assert "orders" in told and "s3cret" in told and "Jørgen & Søn" in told
    done = back_up(configured)
    assert (done.returncode, done.stderr) == (0, "")
    [name] = saved(configured)
    plugin = configured.folder / "plugins" / name
    assert done.stdout == f"Saved {plugin}: {plugin.stat().st_size} bytes, 1 files of usersys\n"

    in_bots(configured, FORGET)
    mapping = configured.folder / "usersys/mappings/edifact/orders.py"
    mapping.unlink()
    assert "orders" not in in_bots(configured, TELL)

    in_bots(configured, READ_BACK, str(plugin))
    assert in_bots(configured, TELL) == told
    assert mapping.read_text() == "def main(inn, out):\n    pass\n"


def test_only_its_owner_reads_it_and_nothing_else_is_in_it(configured):
    assert back_up(configured).returncode == 0
    [name] = saved(configured)
    assert re.fullmatch(r"bots-\d{8}T\d{6}Z\.zip", name)
    plugin = configured.folder / "plugins" / name
    assert (plugin.stat().st_mode & 0o777, plugin.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    names = {re.sub(r"\.(py|json)$", "", entry) for entry in zipfile.ZipFile(plugin).namelist()}
    assert names == {"botsindex", "usersys/mappings/edifact/orders"}


def test_the_oldest_are_removed(configured):
    target = configured.folder / "plugins"
    target.mkdir()
    for day in (1, 2, 3):
        (target / f"bots-2026010{day}T020000Z.zip").touch()
    (target / "mine.zip").touch()
    done = back_up(configured, keep=2)
    assert done.returncode == 0, done.stderr
    assert saved(configured)[0] == "bots-20260103T020000Z.zip"
    assert len(saved(configured)) == 3 and "mine.zip" in saved(configured)
    assert f"Removed {target}/bots-20260101T020000Z.zip\n" in done.stdout


def test_without_a_database_one_line_says_so_and_the_earlier_ones_stay(configured):
    assert back_up(configured).returncode == 0
    before = saved(configured)
    with closed_port() as port:
        server = {"DB_NAME": "bots", "DB_USER": "bots", "DB_PASSWORD": "secret", "DB_HOST": "127.0.0.1"}
        configured.variables.update(server, DB_ENGINE="mysql", DB_PORT=str(port))
        done = back_up(configured, keep=1)
    assert done.returncode == 1
    assert re.fullmatch(r"Nothing was saved: .*Can't connect to .*\n", done.stderr), done.stderr
    assert saved(configured) == before


@pytest.mark.skipif(os.getuid() != 0, reason="only root makes a file system")
def test_a_full_volume_loses_nothing(configured):
    target = configured.folder / "plugins"
    target.mkdir()
    configured.run("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(target))
    try:
        (target / "bots-20260101T020000Z.zip").write_bytes(b"earlier")
        (configured.folder / "usersys/large.py").write_bytes(os.urandom(200_000))
        done = back_up(configured, keep=1)
        assert done.returncode == 1
        assert "No space left on device" in done.stderr and done.stderr.count("\n") == 1
        assert saved(configured) == ["bots-20260101T020000Z.zip"]
    finally:
        configured.run("umount", str(target))
