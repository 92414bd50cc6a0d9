"""Runs an engine and tells, as its last line, how long it held the lock and how much of that went into looking at the lock.

usage: python -c SCRIPT    in a container of the image
"""

import json
import os
import sys
import time

sys.path.append("/config")
from engine_lock import EngineLock

seconds = {"looking": 0.0, "noting": 0.0}


def timed(owner, name, kind):
    """Adds up the time that a function takes."""
    original = getattr(owner, name)

    def measure(*args, **kwargs):
        begin = time.monotonic()
        try:
            return original(*args, **kwargs)
        finally:
            seconds[kind] += time.monotonic() - begin

    setattr(owner, name, measure)


acquire = EngineLock.acquire


def acquire_and_begin(lock):
    """The run begins when it has the lock."""
    from engine_recovery import FileInHand

    acquire(lock)
    timed(FileInHand, "write", "noting")
    seconds["begin"] = time.monotonic()


EngineLock.acquire = acquire_and_begin
timed(EngineLock, "confirm", "looking")

from bots import engine

sys.argv = ["bots-engine", f"-c/home/bots/.bots/env/{os.environ.get('BOTSENV', 'default')}/config", "--new"]
try:
    engine.start()
finally:
    print(json.dumps({**seconds, "run": time.monotonic() - seconds.pop("begin")}))
