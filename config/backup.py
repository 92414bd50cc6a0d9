"""Saves all of Bots as a set, and brings it back: the database, the data volume, and what people configured.

    backup.py make [--before-migrations]     makes a set; with the option, of a database that db-init is about to change
    backup.py list [--check]                 tells of the sets; with the option, whether each is as it was made
    backup.py restore SET [--replace] [--of STACK] [--recover] [--put-waiting]
    backup.py release SET                    puts what a restore has held back into its folders

A set is a folder TARGET/<UTC time>: database.sql.gz, made by the database's own client (database_client.sh, in a container
beside this one); data.tar.gz, the data volume without logs; configuration.zip, a plugin that Bots' own web page reads back;
manifest.json; and SHA256SUMS, which `sha256sum -c` reads. One made before migrations is the dump alone: they change nothing
else, and db-init has little time. A set holds passwords of channels, so only its owner may read it.

Both make and restore hold the engine lock from beginning to end: no engine runs, so that database and files fit each other.
A restore that was cut off leaves botssys/restore.unfinished, and no engine runs until it was done again.

From the environment: BACKUP_CONFIG, BACKUP_DATA, BACKUP_TARGET and EXCHANGE, folders; BACKUP_KEEP, how many sets stay; BACKUP_WAIT,
seconds that another engine is waited for; BACKUP_STACK, the stack. Whatever fails ends with one line, and exit code 1, and
earlier sets are all kept.
"""

import argparse
import glob
import gzip
import hashlib
import json
import logging
import os
import shutil
import stat
import sys
import tarfile
import tempfile
import time
import zipfile
from pathlib import Path

CONFIG, DATA, TARGET, EXCHANGE = (
    Path(os.environ.get(name, "/")) for name in ("BACKUP_CONFIG", "BACKUP_DATA", "BACKUP_TARGET", "EXCHANGE")
)
STACK = os.environ.get("BACKUP_STACK", "")
KEEP = int(os.environ.get("BACKUP_KEEP", "7"))
WAIT = int(os.environ.get("BACKUP_WAIT", "600"))

FORMAT = 1
MIGRATIONS, RESTORE = "before migrations", "before a restore"
DUMP, FILES, PLUGIN, MANIFEST, SUMS = "database.sql.gz", "data.tar.gz", "configuration.zip", "manifest.json", "SHA256SUMS"
SENDING = "engine.sending"  # of every run; one that was cut off is recovered by it
UNFINISHED = "restore.unfinished"  # engine_lock.py looks for it
LOCKED = 60  # seconds that a table may be in use by somebody's transaction
ANSWER = 30  # seconds that the client may take for its answer after its last byte
CHUNK = 1 << 20
SPEED = 1  # of gzip: engines wait until a set is made

# What Bots' own plugin holds.
PLUGIN_CONTENT = {
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
# A database is in use where one of these has rows.
IN_USE = ("routes", "channel", "translate", "partner", "ccode", "filereport")
# Engines alone write to these, and none runs: their rows can be counted beside the dump.
COUNTED = ("ta", "report", "filereport", "uniek", "persist", "mutex")


class Refused(Exception):
    """Nothing was changed; the message says why and what to do."""


# --- Bots ----------------------------------------------------------------------------------------------------------


class Bots:
    """The Bots of this container: its version, its folders, its database."""

    def __init__(self):
        from bots import botsglobal, botsinit

        botsinit.generalinit(str(CONFIG))
        botsglobal.logger = logging.getLogger("bots")  # Bots' commands set it, its library expects it
        from django.conf import settings
        from django.db import connection

        from run_record import FOLDER

        self.connection, self.lock_file = connection, settings.LOCK_FILE
        self.version = str(botsglobal.version)
        self.botssys = Path(botsglobal.ini.get("directories", "botssys"))
        # What pods have mounted there, and what concerns this moment: a job of the queue's would run a second time.
        mounted = {CONFIG, self.botssys / "logging", DATA / "lost+found"}
        moment = {Path(settings.LOCK_FILE), Path(settings.JOURNAL_FILE), self.botssys / FOLDER, self.botssys / UNFINISHED}
        self.left_out = mounted | moment

    def lock(self, restoring=False):
        """Holds the engine lock from now until the process ends, or ends it with one line."""
        from engine_lock import BUSY, EngineLock

        EngineLock(self.lock_file, WAIT, BUSY).acquire(restoring)

    def tables(self):
        """Returns the names of all tables."""
        return set(self.connection.introspection.table_names())

    def ask(self, statement):
        """Returns all rows of a statement."""
        with self.connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()

    def rows(self, table):
        """Returns the number of a table's rows."""
        return self.ask(f"SELECT COUNT(*) FROM {self.connection.ops.quote_name(table)}")[0][0]

    def numbers(self):
        """Returns the last number that was given out of each kind: of interchanges, of files."""
        return dict(self.ask("SELECT domein, nummer FROM uniek")) if "uniek" in self.tables() else {}

    def give_out_after(self, numbers):
        """Has no number given out again: a partner refuses an interchange that it knows, and a file is added to its namesake."""
        known = self.numbers()
        with self.connection.cursor() as cursor:
            for kind, number in numbers.items():
                if kind not in known:
                    cursor.execute("INSERT INTO uniek (domein, nummer) VALUES (%s, %s)", [kind, number])
                elif number > known[kind]:
                    cursor.execute("UPDATE uniek SET nummer = %s WHERE domein = %s", [number, kind])

    def boxes(self):
        """Returns patterns of the files on the data volume that wait: to be received, and to be fetched by partners."""
        from bots import botslib

        patterns = set()
        if {"channel", "routes"} <= self.tables():
            incoming = "inorout = 'in' AND type IN ('file', 'mimefile') AND remove"
            for path, filename in self.ask(f"SELECT DISTINCT path, filename FROM channel WHERE {incoming}"):
                patterns.add(botslib.join(path, filename))
            for (path,) in self.ask("SELECT DISTINCT path FROM channel WHERE inorout = 'out' AND type = 'file'"):
                patterns.add(botslib.join(path, "*"))
        return sorted(pattern for pattern in patterns if Path(pattern).is_relative_to(DATA))

    def migrations(self):
        """Returns how many migrations wait."""
        from django.db.migrations.executor import MigrationExecutor

        executor = MigrationExecutor(self.connection)
        return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))

    def server(self):
        """Returns the version of the database's server."""
        return self.ask("SELECT VERSION()")[0][0]


def waiting(patterns):
    """Returns the files of patterns, by their path below the data volume."""
    found = (path for pattern in patterns for path in glob.iglob(pattern) if os.path.isfile(path))
    return sorted({str(Path(path).relative_to(DATA)) for path in found})


# --- The database's own client ---------------------------------------------------------------------------------------


def ask_client(request):
    """Has the client begin."""
    for name in ("answer", "said", "data"):
        (EXCHANGE / name).unlink(missing_ok=True)
    os.mkfifo(EXCHANGE / "data")
    (EXCHANGE / "request.part").write_text(request)
    (EXCHANGE / "request.part").rename(EXCHANGE / "request")


def end_client():
    """Waits for the client's answer; an error with its own words where it failed."""
    end = time.monotonic() + ANSWER
    while not (EXCHANGE / "answer").exists():
        if time.monotonic() > end:
            raise OSError("the database's client ended without an answer: see the log of container database-client")
        time.sleep(0.1)
    if int((EXCHANGE / "answer").read_text()):
        said = (EXCHANGE / "said").read_text().split("\n")
        raise OSError(" ".join(line.strip() for line in said if line.strip()) or "the database's client failed")


def dump(path):
    """Writes a dump of the database."""
    ask_client("dump")
    with open(EXCHANGE / "data", "rb") as source, gzip.open(path, "wb", compresslevel=SPEED) as target:
        shutil.copyfileobj(source, target, CHUNK)
    end_client()


def load(path, before):
    """Reads a dump into the database, after some statements."""
    ask_client("load")
    try:
        with gzip.open(path, "rb") as source, open(EXCHANGE / "data", "wb") as target:
            target.write(before.encode())
            shutil.copyfileobj(source, target, CHUNK)
    except BrokenPipeError:
        pass  # the client has ended, and says why
    end_client()


# --- Sets ----------------------------------------------------------------------------------------------------------


def sets():
    """Returns the folders of all sets, the oldest first."""
    return sorted(path.parent for path in TARGET.glob(f"2*Z/{SUMS}"))


def sha256(path):
    """Returns the checksum of a file."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for chunk in iter(lambda: file.read(CHUNK), b""):
            digest.update(chunk)
    return digest.hexdigest()


def damage(folder):
    """Returns what is wrong with a set's files, or nothing."""
    try:
        sums = dict(reversed(line.split("  ", 1)) for line in (folder / SUMS).read_text().splitlines())
    except (OSError, ValueError):
        return f"{SUMS} cannot be read"
    if not {DUMP, MANIFEST} <= set(sums):
        return f"{SUMS} does not name all files"
    for name, digest in sums.items():
        path = folder / name
        if not path.is_file():
            return f"{name} is missing"
        if sha256(path) != digest:
            return f"{name} is not as it was made"
    return None


def manifest_of(folder):
    """Returns what a set says of itself."""
    return json.loads((folder / MANIFEST).read_text())


def size_of(folder):
    """Returns the bytes of a set."""
    return sum(path.stat().st_size for path in folder.iterdir())


def write_whole(path, text):
    """Writes a file whose content is on the disk afterwards."""
    with open(path, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


# --- Making one ------------------------------------------------------------------------------------------------------


def archive(bots, path):
    """Writes the data volume, without logs, configuration and what concerns this moment; returns how many files."""
    count = 0
    with tarfile.open(path, "w:gz", compresslevel=SPEED) as tar:
        for folder, folders, files in os.walk(DATA):
            here = Path(folder)
            folders[:] = sorted(name for name in folders if here / name not in bots.left_out)
            for name in [*folders, *sorted(files)]:
                if here / name in bots.left_out:
                    continue
                count += add(tar, here / name)
    return count


def add(tar, path):
    """Adds a file or folder; returns 0 where it went meanwhile, as a partner fetches it."""
    try:
        info = tar.gettarinfo(str(path), str(path.relative_to(DATA)))
        if info is None or not info.isreg():
            if info is not None:
                tar.addfile(info)
            return 0
        info.type = tarfile.REGTYPE  # a hard link is a file of its own
        with open(path, "rb") as file:
            info.size = os.fstat(file.fileno()).st_size
            tar.addfile(info, file)
        return 1
    except FileNotFoundError:
        return 0


def plugin(path):
    """Has Bots write its plugin, and reads it again; returns how many files of usersys are in it."""
    from bots import pluglib  # its models can be loaded only once Bots is initialised

    pluglib.make_plugin(PLUGIN_CONTENT, str(path))
    with zipfile.ZipFile(path) as written:
        damaged = written.testzip()
        if damaged:
            raise OSError(f"{damaged} is damaged in {path.name}")
        return sum(name.startswith("usersys/") for name in written.namelist())


def require_space():
    """Refuses to begin where a set as large as the last one has no room."""
    newest = sets()[-1:]
    free = shutil.disk_usage(TARGET).free
    if newest and size_of(newest[0]) > free:
        raise Refused(
            f"the last set took {size_of(newest[0]) >> 20} MiB and {free >> 20} are free on the backup volume:"
            " enlarge storage.backup, or lower backup.keep"
        )


def make(bots, why):
    """Adds a set, with the engine lock held; returns its folder."""
    require_space()
    version = TARGET / "bots-version"
    of_data = version.read_text() if why == MIGRATIONS and version.exists() else bots.version
    patterns = bots.boxes()
    manifest = {
        "format": FORMAT,
        "why": why,
        "stack": STACK,
        "bots": of_data,
        "engine": bots.connection.vendor,
        "server": bots.server(),
        "rows": {table: bots.rows(table) for table in COUNTED if table in bots.tables()},
        "cut_off": bool("mutex" in bots.tables() and bots.rows("mutex")),
        "boxes": patterns,
        "waiting": waiting(patterns),
    }
    with tempfile.TemporaryDirectory(dir=TARGET, prefix=".unfinished-") as unfinished:
        part = Path(unfinished)
        dump(part / DUMP)
        told = "" if why == MIGRATIONS else f", {archive(bots, part / FILES)} files of the data volume{configuration(part, why)}"
        while (TARGET / name_of(made := time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))).exists():
            time.sleep(0.1)  # the last set was made in this second
        manifest["made"] = made
        write_whole(part / MANIFEST, json.dumps(manifest, indent=1))
        names = [name for name in (DUMP, FILES, PLUGIN, MANIFEST) if (part / name).exists()]
        for name in names:
            with open(part / name, "rb") as file:
                os.fsync(file.fileno())
        write_whole(part / SUMS, "".join(f"{sha256(part / name)}  {name}\n" for name in names))
        folder = part.rename(TARGET / name_of(made))
        part.mkdir()  # what the context takes away
    if why != MIGRATIONS:
        write_whole(version, bots.version)
    print(f"Saved {folder}: {size_of(folder)} bytes{told}", flush=True)
    return folder


def name_of(made):
    """The name of the set that was made then."""
    return made.replace("-", "").replace(":", "")


def configuration(part, why):
    """Adds the plugin; tells what is in it."""
    try:
        return f", {plugin(part / PLUGIN)} files of usersys"
    except Exception as error:
        # What a restore takes away may be half destroyed already; the dump holds what there is.
        if why != RESTORE:
            raise
        (part / PLUGIN).unlink(missing_ok=True)
        return f", without {PLUGIN}: {' '.join(str(error).split())}"


def remove_old():
    """Removes the oldest sets beyond those that are kept, and what was never finished."""
    for old in sets()[:-KEEP]:
        # First what makes it a set, so that a half removed one is none.
        (old / SUMS).unlink()
        shutil.rmtree(old)
        print(f"Removed {old}")
    for unfinished in TARGET.glob(".unfinished-*"):
        shutil.rmtree(unfinished)


def make_command(options):
    """Makes a set, and removes the oldest."""
    bots = Bots()
    if options.before_migrations and ("ta" not in bots.tables() or not bots.migrations()):
        print("No migration changes tables that are in use: no set is made")
        return
    bots.lock()
    make(bots, MIGRATIONS if options.before_migrations else options.why)
    remove_old()


# --- Telling of them -------------------------------------------------------------------------------------------------


def list_command(options):
    """Prints a line for each set, the newest last."""
    for folder in sets():
        manifest = manifest_of(folder)
        told = [
            folder.name,
            manifest["why"],
            f"stack {manifest['stack']}",
            f"Bots {manifest['bots']}",
            manifest["engine"],
            f"{size_of(folder) / (1 << 20):.1f} MiB",
            f"{len(manifest['waiting'])} waiting",
        ]
        if options.check:
            told.append(damage(folder) or "whole")
        print("  ".join(told))
    if not sets():
        print("There is no set yet")


# --- Restoring -------------------------------------------------------------------------------------------------------


def choose(name):
    """Returns the folder of a set that is whole, and its manifest."""
    folder = TARGET / name
    names = ", ".join(path.name for path in sets()) or "none"
    if folder not in sets():
        raise Refused(f"there is no set {name}; there are: {names}")
    wrong = damage(folder)
    if wrong:
        raise Refused(f"set {name} is damaged: {wrong}; take another one: {names}")
    manifest = manifest_of(folder)
    if manifest["format"] != FORMAT:
        raise Refused(f"set {name} has format {manifest['format']}, this takes {FORMAT}: take the checkout that made it")
    return folder, manifest


def require_fit(bots, name, manifest, options):
    """Refuses a set of another stack, another version of Bots, another kind of database, or a run that was cut off."""
    if manifest["stack"] != (options.of or STACK):
        of = manifest["stack"]
        raise Refused(f"set {name} is of stack {of}, not {options.of or STACK}; --of {of} takes it all the same")
    if manifest["bots"] != bots.version:
        wanted, own = manifest["bots"], bots.version
        raise Refused(f"set {name} is of Bots {wanted}, and Bots {own} runs: deploy {wanted} first, restore, then go on to {own}")
    if manifest["engine"] != bots.connection.vendor:
        raise Refused(f"set {name} is a {manifest['engine']} dump, and the database is {bots.connection.vendor}: take a set of that")
    if manifest["cut_off"] and not options.recover:
        raise Refused(
            f"set {name} was made after a run that was cut off: the next run recovers it, and may send again what was sent"
            " since; --recover takes it all the same"
        )


def content(bots, live):
    """Returns what is there that a restore would take away, or nothing. `live`: files that wait, which it leaves."""
    tables = bots.tables()
    for table in IN_USE:
        if table in tables and bots.rows(table):
            return f"table {table} has {bots.rows(table)} rows"
    for path in bots.botssys.rglob("*"):
        own = path.name == SENDING or any(path.is_relative_to(out) for out in bots.left_out)
        if path.is_file() and not own and str(path.relative_to(DATA)) not in live:
            return f"there is a file {path}"
    return None


def restore_command(options):
    """Puts a set in place of what is there."""
    folder, manifest = choose(options.set)
    bots = Bots()
    require_fit(bots, folder.name, manifest, options)
    bots.lock(restoring=True)
    marker = bots.botssys / UNFINISHED
    patterns = sorted({*manifest["boxes"], *bots.boxes()})
    live = set(waiting(patterns))
    found = None if marker.exists() else content(bots, live)
    if found and not options.replace:
        raise Refused(f"the system is in use: {found}; --replace makes a set of it, and then restores {folder.name}")
    if found:
        try:
            make(bots, RESTORE)
        except Exception as error:
            raise Refused(f"what is there cannot be saved first: {' '.join(str(error).split())}") from None
    # Those of a database that is half restored are not to be believed.
    numbers = numbers_of(marker) if marker.exists() else bots.numbers()
    write_whole(marker, json.dumps({"set": folder.name, "numbers": numbers}))

    load(folder / DUMP, empty(bots))
    print("The database is restored", flush=True)
    has_files = (folder / FILES).exists()
    held = set(manifest["waiting"]) if has_files and not options.put_waiting else set()
    files = unpack(bots, folder / FILES, live, held) if has_files else 0
    rows = {table: bots.rows(table) for table in manifest["rows"]}
    if rows != manifest["rows"]:
        raise OSError(f"the database has {rows}, the set {manifest['rows']}: restore again")
    bots.give_out_after(numbers)
    marker.unlink()
    print(f"Restored {folder}: {f'{files} files of the data volume' if has_files else 'the data volume stays as it is'}")
    if live and has_files:
        print(f"{len(live)} files that wait now, to be received or fetched, stay as they are")
    held -= live
    if held:
        print(
            f"{len(held)} files waited when the set was made, and may have been sent or fetched since: they are held in"
            f" {bots.botssys / 'held' / folder.name}; release puts them back"
        )


def numbers_of(marker):
    """Returns the numbers that a restore which was cut off has found."""
    return json.loads(marker.read_text())["numbers"]


def empty(bots):
    """Returns the statements that remove every table."""
    quote = bots.connection.ops.quote_name
    tables = sorted(bots.tables())
    if bots.connection.vendor == "postgresql":
        drops = "".join(f"DROP TABLE IF EXISTS {quote(table)} CASCADE;\n" for table in tables)
        return f"SET lock_timeout = '{LOCKED}s';\n{drops}"
    drops = "".join(f"DROP TABLE IF EXISTS {quote(table)};\n" for table in tables)
    return f"SET lock_wait_timeout = {LOCKED};\nSET FOREIGN_KEY_CHECKS = 0;\n{drops}SET FOREIGN_KEY_CHECKS = 1;\n"


def unpack(bots, path, live, held):
    """Makes the data volume what the archive holds, but for files that wait; returns how many files were written.

    `live`: files that wait now, and stay. `held`: files of the archive that go where no engine and no partner takes them.
    """
    count, archived = 0, set()
    with tarfile.open(path, "r:gz") as tar:
        for member in tar:
            name = Path(member.name)
            if name.is_absolute() or ".." in name.parts:
                raise OSError(f"{FILES} holds {member.name}")
            archived.add(member.name)
            target = DATA / name
            if member.name in live:
                continue
            if member.name in held:
                target = bots.botssys / "held" / path.parent.name / name
                archived.add(str(target.relative_to(DATA)))
            count += write(tar, member, target)
    remove_others(bots, archived | live)
    return count


def write(tar, member, target):
    """Writes one file or folder of an archive, whole or not at all; returns 1 for a file."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if member.isdir():
        target.mkdir(exist_ok=True)
        target.chmod(member.mode)
        return 0
    beside = target.with_name(f".{target.name}.restoring"[:255])
    beside.unlink(missing_ok=True)
    if member.issym():
        beside.symlink_to(member.linkname)
        beside.replace(target)
        return 0
    with tar.extractfile(member) as source, open(beside, "wb") as file:
        shutil.copyfileobj(source, file, CHUNK)
    beside.chmod(stat.S_IMODE(member.mode))
    os.utime(beside, (member.mtime, member.mtime))
    beside.replace(target)
    return 1


def remove_others(bots, kept):
    """Removes what a set does not have, but for what none has."""
    for folder, folders, files in os.walk(DATA, topdown=False):
        here = Path(folder)
        if any(here.is_relative_to(path) for path in bots.left_out):
            continue
        for name in files:
            path = here / name
            if path not in bots.left_out and str(path.relative_to(DATA)) not in kept:
                path.unlink()
        if here != DATA and str(here.relative_to(DATA)) not in kept and not any(here.iterdir()):
            here.rmdir()


def release_command(options):
    """Puts what was held back into its folders, a file at a time."""
    bots = Bots()
    held = bots.botssys / "held" / options.set
    if not held.is_dir():
        raise Refused(f"nothing of set {options.set} is held")
    count = 0
    for path in sorted(path for path in held.rglob("*") if path.is_file()):
        target = DATA / path.relative_to(held)
        if target.exists():
            print(f"{target} is there already: {path} stays")
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        path.rename(target)
        count += 1
    if not any(path.is_file() for path in held.rglob("*")):
        shutil.rmtree(held)
    print(f"{count} files were put back")


# --- The command -----------------------------------------------------------------------------------------------------


def parsed(arguments):
    """Returns the command and its options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("make")
    command.add_argument("--before-migrations", action="store_true")
    command.add_argument("--why", default="schedule")
    command.set_defaults(run=make_command, failed="Nothing was saved")
    command = commands.add_parser("list")
    command.add_argument("--check", action="store_true")
    command.set_defaults(run=list_command, failed="The sets cannot be read")
    command = commands.add_parser("restore")
    command.add_argument("set")
    command.add_argument("--replace", action="store_true")
    command.add_argument("--of")
    command.add_argument("--recover", action="store_true")
    command.add_argument("--put-waiting", action="store_true")
    command.set_defaults(run=restore_command, failed="The restore was cut off; no engine runs until it is done again")
    command = commands.add_parser("release")
    command.add_argument("set")
    command.set_defaults(run=release_command, failed="Not all was put back")
    return parser.parse_args(arguments)


os.umask(0o077)
chosen = parsed(sys.argv[1:])
try:
    chosen.run(chosen)
except Refused as refusal:
    sys.exit(f"Nothing was changed: {refusal}")
except Exception as error:
    sys.exit(f"{chosen.failed}: {' '.join(str(error).split()) or type(error).__name__}")
