"""What holds for Bots' job queue, in any image: it starts bots-engine and nothing else, and no job is lost with its process.

Bots 3.3 starts any command that it is given, and both versions keep their jobs in memory alone. So what the queue's server uses
is replaced by what looks at each task and writes down each job; the names are the same in Bots 3.3 and 4.
"""

import json
import logging
import os
import re
import shutil
import subprocess
import sys
import threading
import types

from bots import botsglobal
from engine_lock import BUSY, LOST

OPTIONS = ("--new", "--resend", "--rereceive", "--automaticretrycommunication", "--cleanup")
ROUTE = re.compile(r"(?![-/?\s])[^\x00-\x1f\x7f]{1,35}")  # as long as Bots lets it be
TAKES = f"the job queue takes bots-engine with {', '.join(OPTIONS)} or the id of a route"

ADDED, NOT_ADDED, REFUSED = 0, 1, 3  # as Bots' own callers know them

STARTS = 3  # a job that was interrupted so often ends the process itself, as by the memory that it takes

log = logging.getLogger("jobqueue")


class Refused(ValueError):
    """A task that the queue does not take; the message says why, and what it takes."""


def engine_task(task, priority):
    """Returns the command that a task stands for, equal ones written alike; raises Refused where it is no run of bots-engine."""
    if type(priority) is not int:
        raise Refused(f"{priority!r:.100} is no priority; the job queue takes a whole number")
    if not isinstance(task, list) or not task or not all(isinstance(word, str) for word in task):
        raise Refused(f"{task!r:.100} is no task; {TAKES}")
    program, *words = task
    if program == sys.executable and words:  # as the directory monitor of Bots 3.3 puts it
        program, *words = words
    if program not in ("bots-engine", shutil.which("bots-engine")):
        raise Refused(f"{program!r:.100} is not bots-engine; {TAKES}")
    own = botsglobal.ini.get("directories", "config_org")
    arguments = []
    for word in filter(None, words):  # a directory monitor without a route sends an empty one
        if word.startswith("-c"):
            if os.path.abspath(word[2:]) != os.path.abspath(own):
                raise Refused(f"{word!r:.100} is not the job queue's own configuration, -c{own}")
        elif word in OPTIONS or ROUTE.fullmatch(word):
            arguments.append(word)
        else:
            raise Refused(f"{word!r:.100} is no option of bots-engine and no id of a route; {TAKES}")
    return ["bots-engine", f"-c{own}", *arguments]


class Job:
    """A job that has not ended, and how often it was started."""

    def __init__(self, task, priority, starts=0):
        self.task, self.priority, self.starts, self.is_running = task, priority, starts, False


class Journal:
    """The jobs in their order, and the file of JSON that keeps them."""

    def __init__(self, path):
        """Reads what an earlier process left at the path."""
        self.path, self.jobs = path, []
        try:
            with open(path) as file:
                self.jobs = [Job(*job) for job in json.load(file)]
        except FileNotFoundError:
            pass
        except (OSError, ValueError, TypeError) as error:
            log.error("The jobs that waited are lost: %s cannot be read: %s: %s", path, type(error).__name__, error)

    def write(self):
        """Writes the file, whole or not at all."""
        with open(f"{self.path}.new", "w") as file:
            json.dump([(job.task, job.priority, job.starts) for job in self.jobs], file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(file.name, self.path)

    def note(self):
        """Writes the file. Where it cannot, says so: after the next start a job may come that has run, and finds nothing to do."""
        try:
            self.write()
        except OSError as error:
            log.error("The journal of jobs is behind: %s", error)


def install(module, path, serve):
    """Puts the task's check and the journal at the path into Bots' module jobqueueserver.

    `serve` is called once the queue is there, with the function that takes a task and a priority and returns the code, as
    Bots' addjob does, and the reason where nothing was added.
    """

    class Queue(module.Jobqueue):
        """Bots' queue with a journal; the jobs of before come first."""

        def __init__(self, *arguments):
            super().__init__(*arguments)
            Queue._one = self  # as the server makes one alone
            self._lock, self._journal = threading.RLock(), Journal(path)
            for job in list(self._journal.jobs):
                self._give_back(job)
            self._journal.note()
            serve(self._take)

        def _dispatch(self, method, arguments):
            """Answers a call on localhost: of Bots' methods only the one that adds a job, since others take jobs away."""
            if method != "addjob":
                raise ValueError(f"the job queue has no method {method}; it takes addjob(task, priority)")
            return self.addjob(*arguments)

        def addjob(self, task, priority):
            """Returns what Bots' own does."""
            if task == ["isup"]:  # the directory monitor of Bots 4 asks this
                return ADDED
            return self._take(task, priority)[0]

        def _take(self, task, priority):
            try:
                task = engine_task(task, priority)
            except Refused as refusal:
                log.warning("Refused: %s", refusal)
                return REFUSED, str(refusal)
            with self._lock:
                job = Job(task, priority)
                self._journal.jobs.append(job)
                try:
                    self._journal.write()  # before Bots has the job, and may start it at once
                except OSError as error:
                    self._journal.jobs.remove(job)
                    log.error("Not added, since it cannot be written down: %s: %s", task, error)
                    return NOT_ADDED, f"the job queue cannot write it down: {error}"
                return self._add(job), ""

        def _add(self, job):
            count = self.jobcounter
            code = super().addjob(job.task, job.priority)
            if self.jobcounter == count:  # an equal one waits
                self._forget(job)
            return code

        def _give_back(self, job):
            try:
                job.task = engine_task(job.task, job.priority)
                if job.starts >= STARTS:
                    raise Refused(f"it was interrupted {STARTS} times")
            except Refused as refusal:
                log.error("Given up: %s: %s", job.task, refusal)
                self._forget(job)
            else:
                log.warning("Given back, since it did not come to its end: %s", job.task)
                self._add(job)

        def _forget(self, job):
            self._journal.jobs.remove(job)
            self._journal.note()

        def _begin(self, task):
            """Returns the job that is started now, None where there is none."""
            with self._lock:
                job = next((job for job in self._journal.jobs if job.task == task and not job.is_running), None)
                if job:
                    job.is_running, job.starts = True, job.starts + 1
                    self._journal.note()
                return job

        def _end(self, job, code):
            with self._lock:
                job.is_running = False
                if code == BUSY:  # it ran nothing, and does not count
                    job.starts -= 1
                if code in (BUSY, LOST):
                    self._give_back(job)
                    self._journal.note()
                else:
                    self._forget(job)

    class Engine(subprocess.Popen):
        """A job's process: what ends with it is the job."""

        def __init__(self, task, **options):
            self.job = Queue._one._begin(task)
            try:
                super().__init__(task, **options)
            except Exception:
                self.end(None)
                raise

        def __exit__(self, *error):
            super().__exit__(*error)
            self.end(self.returncode)

        def end(self, code):
            if self.job:
                Queue._one._end(self.job, code)

    def call(task, **options):
        with Engine(task, **options) as engine:
            return engine.wait()

    module.Jobqueue = Queue
    # Bots 3.3 starts a job with call, Bots 4 with Popen.
    module.subprocess = types.SimpleNamespace(**{**vars(subprocess), "Popen": Engine, "call": call})
