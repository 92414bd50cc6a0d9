"""Mends, at build time, what bots-ediint 3.3.1 gets wrong on Python 3. Each change must apply exactly once, or the build fails."""

import pathlib
import py_compile
import sys

import bots

# (file, what it says, what it should say)
CHANGES = [
    # A Python 2 import: `bots-plugoutindex` cannot start without this.
    ("plugoutindex.py", "    import pluglib ", "    from . import pluglib "),
    # No plugin with a partner in it could be read back: Django wants set() for the groups that it is in.
    (
        "pluglib.py",
        "            setattr(dbobject,key,value)\n",
        "            dbobject.group.set(value) if key == 'group' else setattr(dbobject,key,value)\n",
    ),
    # The launcher waits on a queue that nobody fills: jobs are accepted and never started.
    ("jobqueueserver.py", "quu = queue.Queue()", "quu = Jobqueue(logger)"),
    ("jobqueueserver.py", "server.register_instance(Jobqueue(logger))", "server.register_instance(quu)"),
    ("jobqueueserver.py", "job = queue.get(block=True, timeout=None)", "job = queue.getjob()"),
    ("jobqueueserver.py", "            queue.task_done()\n", ""),
    # One engine at a time, as the server's own usage text promises.
    ("jobqueueserver.py", "nr_threads = 2", "nr_threads = 1"),
    # On SIGTERM the running job is finished, then the launcher ends with the server.
    ("jobqueueserver.py", "while True:", "while threading.main_thread().is_alive():"),
]


def replace_once(path, old, new):
    """Replaces the only occurrence of old in the file and compiles the result."""
    text = path.read_text(encoding="utf-8")
    if text.count(old) != 1:
        sys.exit(f"mend.py: {path.name}: expected {old!r} once, found it {text.count(old)} times: is this bots-ediint 3.3.1?")
    path.write_text(text.replace(old, new), encoding="utf-8")
    py_compile.compile(str(path), doraise=True)


for name, old, new in CHANGES:
    replace_once(pathlib.Path(bots.__file__).with_name(name), old, new)
