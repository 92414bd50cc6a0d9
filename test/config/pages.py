"""The job queue of an environment and the pages that ask it, as in pods of their own: they share no more than volume and database."""

import contextlib
import html
import http.cookiejar
import re
import shutil
import subprocess
import sys
import urllib.parse
import urllib.request
import xmlrpc.client
from pathlib import Path

import bots
import django
from support import BIN, HERE, accepts, free_port, wait_until

BOTS_4 = django.VERSION >= (4,)
USER = "from django.contrib.auth.models import User; User.objects.create_superuser('admin', 'a@b.org', 'password')"


class System:
    """An environment whose job queue runs jobs: of Bots 3.3 with what the reference image mends in it."""

    def __init__(self, orders):
        self.orders, self.environment = orders, orders.environment
        environment = self.environment
        ini = environment.config / "bots.ini"
        ini.write_text(ini.read_text().replace("lauchfrequency = 5", "lauchfrequency = 1"))
        self.gateway_port = free_port()
        environment.variables["JOBQUEUE_GATEWAY"] = f"localhost:{self.gateway_port}"
        if not BOTS_4:
            copy = environment.folder / "hidden/bots"
            shutil.copytree(bots.__path__[0], copy, ignore=shutil.ignore_patterns("__pycache__"))
            done = environment.run(sys.executable, str(HERE.parent.parent / "image/bots-edi/mend.py"))
            assert done.returncode == 0, done.stderr
        self.execute(USER)

    def execute(self, code):
        """Runs a line of Python in this environment's Bots; returns what it prints."""
        start = "import sys; from bots import botsinit; botsinit.generalinit(sys.argv[1]); from bots import models"
        done = self.environment.run(sys.executable, "-c", f"{start}\n{code}", str(self.environment.config))
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def received(self, command):
        """Returns how many files the newest run of a command received, by Bots' report."""
        return int(self.execute(f"print(models.report.objects.filter(type={command!r}).latest('idta').lastreceived)"))

    @contextlib.contextmanager
    def queue(self):
        """Runs the job queue until the block ends; yields its process. Its engines end with it, as in a pod."""
        environment = self.environment
        command = [str(BIN / "bots-jobqueueserver"), f"-c{environment.config}"]
        with environment.server(*command, port=environment.queue_port) as process:
            try:
                if "JOBQUEUE_GATEWAY" in environment.variables:
                    wait_until(lambda: accepts(self.gateway_port), "the gateway was not opened")
                yield process
            finally:
                kill(process)

    @contextlib.contextmanager
    def pages(self):
        """Runs a web server of its own until the block ends; yields its pages, to a user who has logged in."""
        config = Path(self.environment.folder / f"pages{free_port()}/config")
        shutil.copytree(self.environment.config, config)
        port = free_port()
        ini = config / "bots.ini"
        ini.write_text(ini.read_text().replace(f"port = {self.environment.port}", f"port = {port}"))
        with self.environment.server(str(BIN / "bots-webserver"), f"-c{config}", port=port):
            yield Pages(port)

    def call(self, task, priority=5, method="addjob"):
        """Calls the queue on localhost, past the gateway; returns its answer."""
        server = xmlrpc.client.ServerProxy(f"http://localhost:{self.environment.queue_port}")
        return getattr(server, method)(task, priority)

    def wait_for(self, line):
        """Waits until the servers have written a line with these words."""
        wait_until(lambda: line in self.environment.log(), f"{line!r} did not appear in {self.environment.log()}")


def kill(process):
    """Kills a process and what it started, as the end of its container does."""
    children = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True).stdout.split()
    subprocess.run(["kill", "-KILL", str(process.pid), *children], capture_output=True)
    process.wait(10)


class Pages:
    """The pages of one web server, as a browser gets them."""

    def __init__(self, port):
        self.address = f"http://127.0.0.1:{port}"
        cookies = http.cookiejar.CookieJar()
        self.browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(cookies))
        token = re.search(r"name=.csrfmiddlewaretoken. value=.([^\"']+)", self.get("/login/"))[1]
        form = {"username": "admin", "password": "password", "csrfmiddlewaretoken": token}
        answer = self.browser.open(f"{self.address}/login/", urllib.parse.urlencode(form).encode(), timeout=30)
        assert "/login/" not in answer.url

    def get(self, path):
        """Returns a page's text."""
        with self.browser.open(self.address + path, timeout=30) as answer:
            return answer.read().decode()

    def press(self, parameter):
        """Presses an entry of the menu Run; returns the line that the page then shows."""
        start = "/bots/runengine/" if BOTS_4 else "/runengine/"
        page = self.get(f"{start}?clparameter={urllib.parse.quote(parameter)}")
        lines = re.findall(r'<ul class="messagelist">(.*?)</ul>', page, re.DOTALL)
        return html.unescape(re.sub(r"<[^>]+>|\s+", " ", "".join(lines))).strip()
