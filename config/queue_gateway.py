"""The way from the pages to the job queue, which are in pods of their own: one POST with a task, and one answer.

Each task is signed with DJANGO_SECRET_KEY, which only the pods of this deployment have. So nobody else starts a run, also where
the cluster's network keeps nobody out.
"""

import http.client
import http.server
import json
import logging
import threading

from bots import botsglobal
from django.core import signing
from job_queue import NOT_ADDED, REFUSED

PURPOSE = "bots.jobqueue"  # salt: what Django signs for another purpose is no task
AGE = 300  # seconds that a signature holds; the clocks of nodes differ
SIZE = 8192  # bytes of a signed task; one with a route's id has about 200
ANSWER = 5  # seconds until an answer, of either side

log = logging.getLogger("jobqueue")


class Answer(int):
    """A code of the job queue with the line that the page shows for it; None for Bots' own."""

    def __new__(cls, code, line=None):
        """Makes the code."""
        answer = super().__new__(cls, code)
        answer.line = line
        return answer


class Lines(dict):
    """Bots' lines by code, and those that an answer brings itself."""

    def __getitem__(self, answer):
        return getattr(answer, "line", None) or super().__getitem__(answer)


def listen(port, take):
    """Answers the pages at the port, in threads of its own; nobody where it is None.

    `take`: the queue's function, which takes a task and a priority and returns the code and, where nothing was added, the reason.
    """
    if port is None:
        return

    class Handler(http.server.BaseHTTPRequestHandler):
        """Answers one POST."""

        timeout = ANSWER

        def do_POST(self):
            """Hands a signed task on; what is not signed is not even read as a task."""
            try:
                length = max(0, min(int(self.headers.get("Content-Length", 0)), SIZE))
                task, priority = signing.loads(self.rfile.read(length).decode(), salt=PURPOSE, max_age=AGE)
            except (signing.BadSignature, ValueError) as error:
                log.warning("Refused: a call from %s: %s", self.client_address[0], error)
                return self.answer(403, [])
            self.answer(200, take(task, priority))

        def answer(self, status, content):
            """Sends a response."""
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            """Says nothing: the queue tells of each job."""

    server = http.server.ThreadingHTTPServer(("", port), Handler)
    threading.Thread(target=server.serve_forever, name="queue-gateway", daemon=True).start()


def ask(host, port, task, priority):
    """Returns the job queue's answer to a task."""
    connection = http.client.HTTPConnection(host, port, timeout=ANSWER)
    try:
        connection.connect()
    except OSError as error:
        log.warning("No job queue at %s:%s: %s", host, port, error)
        return Answer(
            NOT_ADDED, "Nothing was started: the job queue is away, perhaps to start again. Try again in a minute."
        )
    try:
        connection.request("POST", "/", signing.dumps([task, priority], salt=PURPOSE))
        response = connection.getresponse()
        body = json.loads(response.read() or "null")
    except (OSError, http.client.HTTPException, ValueError) as error:
        log.warning("No answer of the job queue: %s: %s", type(error).__name__, error)
        return Answer(
            NOT_ADDED,
            "The job queue did not answer: whether it starts a run is not known. The reports tell; asking again does no harm.",
        )
    finally:
        connection.close()
    if response.status == 403:
        return Answer(
            NOT_ADDED,
            "Nothing was started: the job queue knows another DJANGO_SECRET_KEY, or its clock differs by more than"
            f" {AGE} s. Restart web server and job queue.",
        )
    code, reason = body
    return Answer(code, f"Nothing was started: {reason}." if reason else None)


def install(job2queue, routes, host, port):
    """Has the pages ask the job queue here. `job2queue`: Bots' module, whose function they call. `routes`: its model."""

    def send_job_to_jobqueue(task, priority=5):
        own = f"-c{botsglobal.ini.get('directories', 'config_org')}"  # of this pod; the queue has its own
        program, *words = [word for word in task if word != own]
        for word in words:  # bots-engine would run a route that is not there, and find nothing to do
            if word and not word.startswith("-") and not routes.objects.filter(idroute=word, active=True).exists():
                return Answer(REFUSED, f"Nothing was started: there is no active route {word!r:.100}.")
        return ask(host, port, [program, *words], priority)

    job2queue.send_job_to_jobqueue = send_job_to_jobqueue
    job2queue.JOBQUEUEMESSAGE2TXT = Lines(job2queue.JOBQUEUEMESSAGE2TXT)
