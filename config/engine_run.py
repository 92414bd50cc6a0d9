"""What holds for every run of Bots' engine, in any image: one at a time, whole recovery, no route that there is not, no inbox
that cannot be emptied, no order that is given up because a volume is full.

Bots has no hook before its own guards, a port of the pod and a row in table mutex, which a second engine takes for the mark
of a crash. So functions that its engine calls are wrapped; they have the same names in Bots 3.3 and 4.
"""

import errno
import functools
import glob
import os
import stat
import sys

from bots import botsconfig
from django.db import DatabaseError, connections

from engine_lock import say
from engine_recovery import FileInHand, settle

UNKNOWN = os.EX_CONFIG  # 78, exit code of an engine that was given a route that there is not
NO_SPACE = os.EX_IOERR  # 74, exit code of an engine that a full volume ended


def wrap(owner, name):
    """Puts the decorated function in place of owner.name, which it gets as its first argument."""

    def replace(function):
        original = getattr(owner, name)
        setattr(owner, name, functools.wraps(original)(lambda *args, **kwargs: function(original, *args, **kwargs)))

    return replace


def install(router, lock, note, record=None):
    """Wraps what the engine calls. `router`: Bots' module, which its engine alone loads. `note`: path of that of the file in hand.

    `record`: of a schedule's run.
    """
    botslib, in_hand = router.botslib, FileInHand(note)

    @wrap(botslib, "check_if_other_engine_is_running")
    def check_routes_lock_and_port(check_port):
        unknown = unknown_routes(argument for argument in sys.argv[1:] if not argument.startswith("-"))
        if not unknown:
            lock.acquire()
        if record:
            record.begin()
        if unknown:
            # Bots writes a line to its log and ends with 0.
            say(f"nothing was run: there is no active route {', '.join(unknown)}; the pages list them under Configuration")
            sys.exit(UNKNOWN)
        return check_port()

    @wrap(sys, "exit")
    def exit_and_record(exit, code=None):
        if record:
            record.end(code)
        exit(code)

    @wrap(botslib._Transaction, "copyta")
    def copy_with_lock(copy, transaction, status, **changes):
        # Every kind of channel does this before it sends a file.
        if status == botsconfig.EXTERNOUT:
            lock.confirm()
        return copy(transaction, status, **changes)

    @wrap(botslib, "txtexc")
    def end_without_space(text, *args, **kwargs):
        # Bots writes the error to the order and goes on with the next: none of them would ever be sent.
        if is_without_space(sys.exc_info()[1]):
            say("ended, because no space is left on a volume: make room; the next run recovers this one")
            os._exit(NO_SPACE)
        return text(*args, **kwargs)

    @wrap(router, "rundispatcher")
    def dispatch_all_to_recover(dispatch, command, routes):
        # Bots recovers only the routes of its command line, and then forgets that there was anything to recover.
        return dispatch(command, active_routes(botslib) if command == "crashrecovery" else routes)

    @wrap(router.crashrecovery, "run")
    def recover_from_the_oldest(run, recovery):
        # Bots looks at the newest run before this number, but a recovery that was killed came after the run that it recovers.
        dead = oldest_open_run(botslib, recovery.minta4query)
        settle(botslib, dead, in_hand)
        own, recovery.minta4query = recovery.minta4query, dead + 1
        try:
            return run(recovery)
        finally:
            recovery.minta4query = own

    @wrap(router.new, "run")
    def keep_open_until_recovered(run, self):
        if not isinstance(self, router.crashrecovery):
            return run(self)
        # Bots calls the dead run done before it has recovered anything.
        dead = botslib.OldTransaction(self.minta4query_crash)
        dead.update(statust=botsconfig.OPEN)
        result = run(self)
        dead.update(statust=botsconfig.DONE)
        return result

    @wrap(router.communication.file, "filename_formatter")
    def note_file_in_hand(name_of, channel, mask, transaction, *rest, **more):
        name = name_of(channel, mask, transaction, *rest, **more)
        settings = channel.channeldict
        written = final = botslib.join(settings["path"], name)
        if settings["mdnchannel"]:  # what Bots takes out of the name when the file is written
            final = botslib.rreplace(written, settings["mdnchannel"])
        appends = os.path.exists(written) and "{overwrite}" not in (settings["filename"] or "")
        in_hand.write(transaction.idta, written, final, os.path.getsize(written) if appends else None)
        return name

    @wrap(router.communication.file, "connect")
    def connect_if_removable(connect, channel):
        # A file that it cannot remove Bots would send all the same, and again in every run.
        settings = channel.channeldict
        if settings["inorout"] == "in" and settings["remove"]:
            stuck = stuck_file(botslib.join(settings["path"], settings["filename"]))
            if stuck:
                message = f"Channel {settings['idchannel']}: nothing is received, since {stuck} cannot be removed"
                router.botsglobal.logger.critical(message)
                raise PermissionError(message)
        connect(channel)


def is_without_space(error):
    """Returns whether an exception, or one that it came from, says that a volume is full."""
    while error:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        error = error.__cause__ or error.__context__
    return False


def unknown_routes(routes):
    """Returns those of the routes that there are not, or that are not active."""
    routes = list(routes)
    if not routes:
        return []
    connection = connections["default"]
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT DISTINCT idroute FROM routes WHERE active")
            known = {row[0] for row in cursor.fetchall()}
        connection.close()
    except DatabaseError:  # which the lock tells next
        return []
    return [route for route in routes if route not in known]


def active_routes(botslib):
    """Returns the ids of all active routes, those outside the default run too."""
    rows = botslib.query(
        "SELECT DISTINCT idroute FROM routes WHERE active=%(active)s ORDER BY idroute", {"active": True}
    )
    return [row["idroute"] for row in rows]


def oldest_open_run(botslib, own):
    """Returns the number of the oldest of the runs before `own` that did not end, or of the last run where all ended."""
    runs = "FROM ta WHERE script = 0 AND idta < %(own)s"
    [row] = botslib.query(
        f"SELECT MIN(idta) AS oldest, (SELECT MAX(idta) {runs}) AS newest {runs} AND idta >"
        f" (SELECT COALESCE(MAX(idta), 0) {runs} AND statust <> %(open)s)",
        {"own": own, "open": botsconfig.OPEN},
    )
    return row["oldest"] or row["newest"] or 0


def stuck_file(pattern):
    """Returns the first file of a pattern that this process may not remove, if any."""
    return next((path for path in glob.iglob(pattern) if os.path.isfile(path) and not removable(path)), None)


def removable(path):
    """Returns whether the file's directory lets this process remove it."""
    folder = os.stat(os.path.dirname(path))
    owners = (0, os.stat(path).st_uid, folder.st_uid)
    sticky = folder.st_mode & stat.S_ISVTX and os.geteuid() not in owners
    return os.access(os.path.dirname(path), os.W_OK | os.X_OK) and not sticky
