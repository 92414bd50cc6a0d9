"""What Bots' web server lacks, which is cheroot: one thread takes the connections, ten answer them, a page a thread.

Of a burst most connections were dropped, for 5 may wait until they are taken. Pages that wait, for a lock in the database
or for a browser that only opened a connection, held every thread: no probe was answered, and the kubelet ended the server.
"""

import concurrent.futures
import contextlib
import functools
import select
import socket

BACKLOG = 512  # connections that wait to be taken
THREADS = 10  # that answer, as many as cheroot has
SHORT = (b"GET /health/", b"GET /metrics ")  # what settings.HealthEndpoints answers by itself, within seconds
HEAD = 4096  # bytes of a request that are looked at

apart = concurrent.futures.ThreadPoolExecutor(2, "probe")


def mend(server):
    """Changes cheroot's class of servers, before Bots makes one."""
    server.__init__ = functools.partialmethod(server.__init__, numthreads=THREADS, request_queue_size=BACKLOG)
    server.process_conn = functools.partialmethod(pass_on, server.process_conn)


def pass_on(server, take, conn):
    """Passes a connection on to who answers it, once there is something to read. `take`: passes it to the ten threads."""
    if not conn.rfile.has_data():
        readable = select.poll()
        readable.register(conn.socket, select.POLLIN)
        if not readable.poll(0):
            server.put_conn(conn)  # which passes it here again, or closes it after 10 s
            return
        with contextlib.suppress(OSError):
            head = conn.socket.recv(HEAD, socket.MSG_PEEK)
            if head.startswith(SHORT) and head.endswith(b"\r\n\r\n"):
                apart.submit(answer, server, conn)
                return
    take(server, conn)


def answer(server, conn):
    """Does what one of the ten threads does with a connection."""
    stays = False
    try:
        stays = conn.communicate()
    finally:
        if stays:
            server.put_conn(conn)
        else:
            conn.close()
