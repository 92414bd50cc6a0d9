"""Saves Bots' configuration as a plugin: routes, channels, partners and code lists, with the files of usersys.

    backup.py CONFIG TARGET KEEP

Makes TARGET/bots-<UTC time>.zip, which Bots' own web page reads back, and keeps the newest KEEP of them. It holds the
passwords of channels, so only its owner may read it. Works with Bots 3.3 and 4.0, whose own bots-plugoutindex ends with an
error in both. Fails with one line where nothing could be saved; earlier plugins are then all kept.
"""

import logging
import os
import sys
import tempfile
import time
import zipfile
from pathlib import Path

from bots import botsglobal, botsinit

CONTENT = {
    "databaseconfiguration": True,
    "umlists": True,
    "fileconfiguration": True,
    "charset": True,
    "config": False,
    "data": False,
    "database": False,
    "databasetransactions": False,
    "infiles": False,
    "logfiles": False,
}


def write_plugin(path):
    """Has Bots write the plugin, and reads it again; returns how many files of usersys are in it."""
    from bots import pluglib  # its models can be loaded only once Bots is initialised

    pluglib.make_plugin(CONTENT, str(path))
    with zipfile.ZipFile(path) as plugin:
        damaged = plugin.testzip()
        if damaged:
            raise OSError(f"{damaged} is damaged in {path}")
        return sum(name.startswith("usersys/") for name in plugin.namelist())


def save(config, target):
    """Adds a plugin to the target."""
    os.umask(0o077)
    botsinit.generalinit(config)
    botsglobal.logger = logging.getLogger("bots")  # Bots' commands set it, its library expects it
    target.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target) as unfinished:
        part = Path(unfinished, "plugin.zip")
        files = write_plugin(part)
        plugin = part.replace(target / time.strftime("bots-%Y%m%dT%H%M%SZ.zip", time.gmtime()))
    print(f"Saved {plugin}: {plugin.stat().st_size} bytes, {files} files of usersys")


def remove_old(target, keep):
    """Removes the oldest plugins beyond `keep`."""
    for old in sorted(target.glob("bots-*.zip"))[:-keep]:
        old.unlink()
        print(f"Removed {old}")


folder = Path(sys.argv[2])
try:
    save(sys.argv[1], folder)
except Exception as error:
    sys.exit(f"Nothing was saved: {' '.join(str(error).split())}")
remove_old(folder, int(sys.argv[3]))
