"""Copies the files of the old claim to the stack's claims, or back. Runs in a pod that mounts all of them.

usage: python - first|last|back ENV    ENV: the name of the environment on the old claim; on the new ones it is "default"

first   while the old system works on; may be run again
last    once it has stopped
back    what has changed since the last; nothing where there was none, since then the old files are the newer ones

What differs in size or time is copied. What was copied before and is gone at its source is removed: an order that was read
meanwhile is not to be read again. The configuration of the old environment is kept on the config volume, as it was.
"""

import json
import os
import shutil
import sys
from pathlib import Path

OLD = Path("/old")
DATA, LOGS, CONFIG = (Path("/new") / name for name in ("data", "logs", "config"))
KEPT = CONFIG / "before-migration"
NOTE = CONFIG / ".migration.json"

# The stack's pods mount volumes of their own here; what is below them on the data volume is the image's first layout.
COVERED = [DATA / "env" / "default" / "config", DATA / "env" / "default" / "botssys" / "logging"]


def pairs(env):
    """Returns the folders whose files belong together, old and new, the inner ones first."""
    home = OLD / "env" / env
    return [
        (home / "botssys" / "logging", LOGS),
        (home / "config", KEPT),
        (home, DATA / "env" / "default"),
        (OLD, DATA),
    ]


def files(root, others):
    """Yields the relative paths below a folder; those of the others, which have targets of their own, are left out."""
    for folder, names, found in os.walk(root):
        inside = Path(folder)
        names[:] = [name for name in names if inside / name not in others and not (inside / name).is_symlink()]
        links = [entry.name for entry in os.scandir(folder) if entry.is_symlink() and entry.name not in found]
        for name in found + links + (["."] if not found and not names else []):
            yield (inside / name).relative_to(root)


def differ(source, target):
    one = os.lstat(source)
    try:
        other = os.lstat(target)
    except FileNotFoundError:
        return True
    return (one.st_size, one.st_mtime_ns) != (other.st_size, other.st_mtime_ns)


def copy(source, target):
    """Copies one file, whole or not at all, with its time."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.partial")
    shutil.copy2(source, partial, follow_symlinks=False)
    os.replace(partial, target)


def pass_over(folders, before):
    """Makes the targets like their sources. Returns the paths that there are now: source and target."""
    seen, copied, removed = {}, 0, 0
    roots = [source for source, _ in folders] + COVERED
    for source_root, target_root in folders:
        for path in files(source_root, [root for root in roots if root != source_root]) if source_root.is_dir() else ():
            source, target = source_root / path, target_root / path
            try:
                if source.is_dir() and not source.is_symlink():
                    target.mkdir(parents=True, exist_ok=True)
                    continue
                if differ(source, target):
                    copy(source, target)
                    copied += 1
                seen[str(source)] = str(target)
            except FileNotFoundError:
                pass  # read or removed meanwhile
    for source, target in before.items():
        if source not in seen and os.path.lexists(target) and not os.path.lexists(source):
            os.remove(target)
            removed += 1
    print(f"{len(seen)} files, {copied} copied, {removed} removed")
    return seen


def main():
    way, env = sys.argv[1:]
    note = json.loads(NOTE.read_text()) if NOTE.exists() else {"isLast": False, "files": {}}
    if way == "back":
        if not note["isLast"]:
            print("nothing to copy back")
            return
        folders = [(new, old) for old, new in pairs(env) if new != KEPT]
        before = {new: old for old, new in note["files"].items() if not new.startswith(f"{KEPT}/")}
        seen = pass_over(folders, before)
        # As a next first pass is to find it.
        note = {"isLast": False, "files": {old: new for new, old in seen.items()}}
    else:
        seen = pass_over(pairs(env), note["files"])
        # What the last pass did not see any more is known no longer, and a next one could not remove it.
        note = {"isLast": way == "last", "files": seen}
    partial = NOTE.with_suffix(".partial")
    partial.write_text(json.dumps(note))
    partial.replace(NOTE)


main()
