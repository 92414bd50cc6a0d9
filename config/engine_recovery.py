"""What a killed engine had in hand: sent or received, though it could not note so any more. The recovery settles it first.

Bots moves a file and then notes that it did. Killed between the two it would move the file again, and a partner would get an
order twice. Table ta, the folders of file channels and a note of the file in hand tell what became of it; nothing is guessed:
only what is there byte for byte counts as moved.
"""

import json
import os

from bots import botsconfig

SENDING = {"status": botsconfig.FILEOUT, "statust": botsconfig.OK}


class FileInHand:
    """The note of the file that a file channel is about to write. It outlives the process; the next run reads it."""

    def __init__(self, path):
        """`path`: of the note."""
        self.path, self.file = path, None

    def write(self, idta, written, final, start):
        """Notes a transaction, where its file is written and how it is called then, and at which of its bytes it begins.

        `start`: None where the file is not there before, or is overwritten.
        """
        if self.file is None:
            self.file = os.open(self.path, os.O_WRONLY | os.O_CREAT, 0o666)
        line = json.dumps({"idta": idta, "written": written, "final": final, "start": start}) + "\n"
        # In place: it comes before every file that is sent, and only the first line of what is there counts.
        os.pwrite(self.file, line.encode(), 0)

    def read(self):
        """Returns what was noted, or None: without a whole note nothing was written yet."""
        try:
            with open(self.path) as note:
                return json.loads(note.readline())
        except (FileNotFoundError, ValueError):
            return None


def settle(botslib, root, in_hand):
    """Brings table ta and the folders in step. `root`: number of the oldest run that did not end."""
    settle_noted(botslib, root)
    note = in_hand.read()
    if note:
        settle_sent(botslib, note)
    settle_received(botslib, root)


def settle_noted(botslib, root):
    """What was noted as sent, on any kind of channel, is not to be sent any more."""
    rows = botslib.query(
        "SELECT source.idta FROM ta sent JOIN ta source ON source.idta = sent.parent WHERE sent.idta > %(root)s"
        " AND sent.status = %(sent)s AND sent.statust = %(done)s"
        " AND source.status = %(status)s AND source.statust = %(statust)s",
        {"root": root, "sent": botsconfig.EXTERNOUT, "done": botsconfig.DONE, **SENDING},
    )
    for row in list(rows):
        botslib.OldTransaction(row["idta"]).update(statust=botsconfig.DONE)


def settle_sent(botslib, note):
    """Where the file in hand is whole, notes so; where it was begun, takes back what is there of it."""
    rows = botslib.query(
        "SELECT sent.idta, source.filename, source.numberofresends FROM ta source JOIN ta sent ON sent.parent = source.idta"
        " WHERE source.idta = %(idta)s AND source.status = %(status)s AND source.statust = %(statust)s"
        " AND sent.status = %(sent)s AND sent.statust = %(open)s",
        {"idta": note["idta"], "sent": botsconfig.EXTERNOUT, "open": botsconfig.OPEN, **SENDING},
    )
    for row in list(rows):
        content = botslib.readdata_bin(row["filename"])
        if written_from(note["final"], note["start"]) == content:
            changes = {"filename": note["final"], "numberofresends": row["numberofresends"] + 1}
            botslib.OldTransaction(row["idta"]).update(statust=botsconfig.DONE, **changes)
            botslib.OldTransaction(note["idta"]).update(statust=botsconfig.DONE)
            continue
        begun = written_from(note["written"], note["start"])
        if begun is not None and content.startswith(begun):
            if note["start"] is None:
                os.remove(note["written"])
            else:
                os.truncate(note["written"], note["start"])


def settle_received(botslib, root):
    """A file that was received last and is still in its inbox will be received again, so the first time does not count."""
    rows = botslib.query(
        "SELECT source.idta AS source, source.filename AS path, received.idta, received.statust, received.filename"
        " FROM ta source LEFT JOIN ta received ON received.parent = source.idta AND received.status = %(received)s"
        " WHERE source.idta = (SELECT MAX(idta) FROM ta WHERE idta > %(root)s AND status = %(status)s)",
        {"root": root, "status": botsconfig.EXTERNIN, "received": botsconfig.FILEIN},
    )
    for row in list(rows):
        # A file channel writes down the whole path, others an address, a repetition the number of a file of Bots' own.
        waiting = written_from(row["path"], 0) if os.path.isabs(row["path"]) else None
        if waiting is None:
            continue
        begun = row["statust"] in (None, botsconfig.OPEN)
        # With other content it is another one of the same name, which came when the first was received.
        if begun or (row["statust"] == botsconfig.OK and waiting == botslib.readdata_bin(row["filename"])):
            for idta in filter(None, (row["idta"], row["source"])):
                botslib.OldTransaction(idta).delete()


def written_from(path, start):
    """Returns a file's bytes from `start` on, or None where there is no such file."""
    try:
        with open(path, "rb") as file:
            file.seek(start or 0)
            return file.read()
    except FileNotFoundError:
        return None
