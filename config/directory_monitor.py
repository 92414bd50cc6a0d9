"""What holds for Bots' directory monitor, in any image: subdirectories count where they are said to, and ticked routes are watched.

Bots 4 watches the subdirectories that are there when it starts, and then asks for files of the directory itself alone. A route that is
left out both versions pass on as an empty word: job_queue.py takes it away.
"""

import contextlib
import fnmatch
import os
import threading
import time

from engine_run import wrap

PERIOD = 10  # seconds between two looks for a request to read the routes again


def install(monitor, trigger):
    """Wraps what the monitor calls. `monitor`: Bots' module. `trigger`: the file by which Bots 4's pages ask for a reload."""
    handler = monitor.LinuxEventHandler
    is_bots_4 = hasattr(handler, "process_event")
    route = "idroute" if is_bots_4 else "route"

    def notify(self, folder, names):
        for watch in self.dir_watch_data:
            is_below = watch["rec"] and folder.startswith(watch["path"].split("*")[0])
            if is_below and fnmatch.filter(names, watch["filemask"]):
                with self.cond:
                    self.tasks.add(watch[route])
                    self.cond.notify()

    @wrap(handler, "process_IN_CREATE")
    def look_into_new_directories(process, self, event):
        # It is watched by now, and what came before makes no event.
        process(self, event)
        if event.dir:
            with contextlib.suppress(OSError):  # one that is gone again
                notify(self, event.pathname, os.listdir(event.pathname))

    if not is_bots_4:
        return

    @wrap(handler, "process_event")
    def notice_files_in_subdirectories(process, self, event):
        process(self, event)
        notify(self, event.path, [event.name])

    @wrap(monitor.WatchManager, "add_watch")
    def watch_new_subdirectories(add, self, path, mask, rec=False, auto_add=False, **more):
        return add(self, path, mask, rec=rec, auto_add=rec or auto_add, **more)

    threading.Thread(target=hand_on, args=(trigger,), name="trigger", daemon=True).start()


def hand_on(trigger):
    """Touches a request from the pages of another node, of which this node's kernel says nothing."""
    while True:
        time.sleep(PERIOD)
        try:
            os.close(os.open(trigger, os.O_WRONLY))
        except OSError:  # mostly, there is none
            pass
