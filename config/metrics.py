"""What /metrics says beside the health checks: of the newest runs, the engine lock, the job queue, the files in inboxes.

All of it is read in a few short queries by primary key, never from table `ta`, and answers in Prometheus' text format. Every
label is a word from a fixed set: no partner, route, channel, file or pod is named, so none needs escaping either.
"""

import glob
import itertools
import json
import logging
import os
import re
import stat
import time
from calendar import timegm
from collections import Counter

from engine_lock import is_taken
from run_record import FOLDER, records

RUNS = 1000  # newest runs that are looked at
FILES = 1000  # files of an inbox that are looked at
HOUR = 3600

FAMILIES = {
    "bots_check": "Whether a health check passes.",
    "bots_collector_success": "Whether this part of the metrics was read; where it is 0 its metrics are missing.",
    "bots_run_timestamp_seconds": "When the newest run of a command began that has a report.",
    "bots_run_success": "Whether that run had no errors.",
    "bots_run_success_timestamp_seconds": "When the newest run of a command without errors began; 0 where there is none.",
    "bots_run_files": "Files of that newest run.",
    "bots_run_process_errors": "Errors of that newest run that are not a file's, such as a channel that cannot connect.",
    "bots_recent_runs": "Runs that ended in the last hour, and the one before them.",
    "bots_recent_files": "Files of those runs.",
    "bots_recent_process_errors": "Errors of those runs that are not a file's.",
    "bots_schedule_run_timestamp_seconds": "When the newest run of a schedule began.",
    "bots_schedule_run_success": "Whether that run had no errors; missing while it runs.",
    "bots_schedule_run_success_timestamp_seconds": "When the newest run of a schedule without errors began; 0: none did.",
    "bots_engine_lock_held": "Whether an engine holds the lock, that is, runs.",
    "bots_engine_lock_since_timestamp_seconds": "Since when, by the workload whose pod the engine runs in.",
    "bots_jobqueue_jobs": "Jobs that the job queue has taken and that have not ended, a running one too.",
    "bots_inbox_files": f"Files that wait in inboxes, at most {FILES} of each counted.",
    "bots_inbox_oldest_file_timestamp_seconds": "Since when the oldest of them waits.",
}

COMMANDS = ("new", "crashrecovery", "resend", "rereceive", "automaticretrycommunication")
WORKLOADS = ("bots-engine", "bots-jobqueue", "bots-webserver")

# Bots writes local times: of the server's session, or with sqlite of the process.
EPOCH = {
    "mysql": "UNIX_TIMESTAMP(ts)",
    "postgresql": "EXTRACT(EPOCH FROM ts)",
    "sqlite": "strftime('%s', ts, 'utc')",
}
STATES = {
    "received": "lastreceived",
    "sent": "send",
    "error": "lasterror",
    "stuck": "lastok",
    "system_error": "lastopen",
}
# Only what Bots removes waits: of the others every file stays.
INBOXES = (
    "SELECT DISTINCT path, filename FROM channel WHERE inorout = 'in' AND type IN ('file', 'mimefile') AND remove"
    " AND idchannel IN (SELECT fromchannel_id FROM routes WHERE active)"
)

log = logging.getLogger("metrics")


def query(connection, statement):
    """Returns all rows of a statement."""
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


def runs(connection, _path):
    """Yields the samples of the newest runs, from Bots' reports: each run writes one when it ends."""
    rows = query(
        connection,
        f"SELECT type, {EPOCH[connection.vendor]}, status, processerrors, {', '.join(STATES.values())}"
        f" FROM report ORDER BY idta DESC LIMIT {RUNS}",
    )
    seen, succeeded = set(), {"new": 0}
    recent_runs, recent_files, recent_process_errors = Counter(success=0, errors=0), Counter(dict.fromkeys(STATES, 0)), 0
    now = ended_by = time.time()
    for kind, epoch, has_errors, process_errors, *counts in rows:
        command, began, files = kind if kind in COMMANDS else "other", int(float(epoch)), dict(zip(STATES, counts))
        if command not in seen:
            seen.add(command)
            yield "bots_run_timestamp_seconds", {"command": command}, began
            yield "bots_run_success", {"command": command}, int(not has_errors)
            yield "bots_run_process_errors", {"command": command}, process_errors
            for state, count in files.items():
                yield "bots_run_files", {"command": command, "state": state}, count
        if not has_errors:
            succeeded[command] = succeeded.get(command) or began
        # A report does not say when its run ended, but one ends before the next begins.
        if ended_by >= now - HOUR:
            recent_runs["errors" if has_errors else "success"] += 1
            recent_files.update(files)
            recent_process_errors += process_errors
        ended_by = began
    for command, began in succeeded.items():
        yield "bots_run_success_timestamp_seconds", {"command": command}, began
    for outcome, count in recent_runs.items():
        yield "bots_recent_runs", {"outcome": outcome}, count
    for state, count in recent_files.items():
        yield "bots_recent_files", {"state": state}, count
    yield "bots_recent_process_errors", {}, recent_process_errors


def lock(connection, lock_path):
    """Yields whether the engine lock is held and, by what its holder wrote, since when and in which workload's pod."""
    taken = is_taken(connection, lock_path)
    yield "bots_engine_lock_held", {}, int(taken)
    if taken:
        with open(lock_path) as note:
            host, since = re.fullmatch(r"host (\S+), process \d+, since (.+) UTC\n", note.readline()).groups()
        workload = next((name for name in WORKLOADS if host.startswith(f"{name}-")), "other")
        began = timegm(time.strptime(since, "%Y-%m-%d %H:%M:%S"))
        yield "bots_engine_lock_since_timestamp_seconds", {"workload": workload}, began


def schedules(connection, lock_path):
    """Yields the samples of each schedule's newest run, from what its engines wrote: reports do not say whose they are."""
    holder = ""
    if is_taken(connection, lock_path):
        with open(lock_path) as note:
            holder = note.readline()
    for name, run in records(os.path.join(os.path.dirname(lock_path), FOLDER)):
        labels = {"cronjob": name}
        yield "bots_schedule_run_timestamp_seconds", labels, run["began"]
        yield "bots_schedule_run_success_timestamp_seconds", labels, run["succeeded"]
        # One that neither ended nor holds the lock has died.
        if run["code"] is not None or not holder.startswith(f"{run['process']},"):
            yield "bots_schedule_run_success", labels, int(run["code"] == 0)


def jobs(_connection, path):
    """Yields how many jobs the queue has, by its journal."""
    try:
        with open(path) as journal:
            count = len(json.load(journal))
    except FileNotFoundError:  # none was ever taken
        count = 0
    yield "bots_jobqueue_jobs", {}, count


def inboxes(connection, _path):
    """Yields how many files wait in the inboxes of active routes, and since when."""
    from bots import botslib

    patterns = {botslib.join(path, filename) for path, filename in query(connection, INBOXES)}
    waiting = [since for pattern in patterns for since in arrivals(pattern)]
    yield "bots_inbox_files", {}, len(waiting)
    if waiting:
        yield "bots_inbox_oldest_file_timestamp_seconds", {}, int(min(waiting))


def arrivals(pattern):
    """Yields when each file of a pattern came. Not its time of modification: a file that is moved keeps that."""
    for path in itertools.islice(glob.iglob(pattern), FILES):
        try:
            status = os.stat(path)
        except FileNotFoundError:  # received meanwhile
            continue
        if stat.S_ISREG(status.st_mode):
            yield status.st_ctime


COLLECTORS = {"runs": runs, "schedules": schedules, "lock": lock, "jobs": jobs, "inboxes": inboxes}


def collect(paths, connection, found):
    """Writes what each collector finds to `found`, by its name; nothing where it fails, and why to the log.

    `paths`: by a collector's name, the file that it reads.
    """
    for name, collector in COLLECTORS.items():
        try:
            found[name] = list(collector(connection, paths.get(name)))
        except Exception as error:  # whatever a driver or a file system raises means the same here
            log.warning("/metrics: %s: %s: %s", name, type(error).__name__, error)


def exposition(checks, found):
    """Returns the metrics as text. `checks`: for each None where it passed. `found`: what `collect` wrote."""
    samples = [("bots_check", {"check": name}, int(reason is None)) for name, reason in checks.items()]
    for name in COLLECTORS:
        samples.append(("bots_collector_success", {"collector": name}, int(name in found)))
        samples += found.get(name, [])
    lines = []
    for family, explanation in FAMILIES.items():
        of_family = [f"{family}{braced(labels)} {value}" for name, labels, value in samples if name == family]
        if of_family:
            lines += [f"# HELP {family} {explanation}", f"# TYPE {family} gauge", *of_family]
    return "\n".join(lines) + "\n"


def braced(labels):
    """Returns a sample's labels in braces, or nothing where it has none."""
    return "{" + ",".join(f'{name}="{value}"' for name, value in labels.items()) + "}" if labels else ""
