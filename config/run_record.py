"""What the newest run of each schedule did: a small file each, which its engine writes, and which /metrics reads."""

import json
import os
import re
import time

from engine_lock import me, say

FOLDER = "schedules"  # beside the engine's lock
MOST = 100  # files that are read


class RunRecord:
    """The record of a run that has begun."""

    def __init__(self, path):
        """`path`: the file, named like the schedule."""
        self.path = path
        self.run = None

    def begin(self):
        """Notes that the run has begun, and keeps when one last succeeded."""
        self.run = {"began": int(time.time()), "process": me(), "code": None, "succeeded": 0}
        try:
            self.run["succeeded"] = read(self.path)["succeeded"]
        except (OSError, ValueError, KeyError):
            pass  # the first run
        self.write()

    def end(self, code):
        """Notes how the run ended, where it began."""
        if self.run:
            self.run["code"] = code or 0
            if not code:
                self.run["succeeded"] = self.run["began"]
            self.write()

    def write(self):
        """Writes the record whole or not at all; without it the run goes on."""
        partial = f"{self.path}.{os.getpid()}"
        try:
            os.makedirs(os.path.dirname(self.path), exist_ok=True)
            with open(partial, "w") as file:
                json.dump(self.run, file)
            os.replace(partial, self.path)
        except OSError as error:
            say(f"/metrics will not know of this run: {error}")


def read(path):
    """Returns a record."""
    with open(path) as file:
        return json.load(file)


def records(folder):
    """Yields each schedule's name and its record."""
    names = [name for name in os.listdir(folder) if re.fullmatch(r"[a-z0-9-]+", name)] if os.path.isdir(folder) else []
    for name in sorted(names)[:MOST]:
        yield name, read(os.path.join(folder, name))
