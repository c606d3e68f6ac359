"""A thread that looks at every connection of its process and disconnects the slow clients.

The server gives an application neither a connection nor a timeout for bodies and answers, so a slow client could keep a
thread as long as it likes. The kernel knows how much each connection has sent and received.
"""

import os
import resource
import socket
import struct
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from threading import Thread
from typing import Any, NamedTuple

import structlog

from models import settings
from web.slow_clients import calls
from web.slow_clients.connections import Connection, Counts, read_counts
from web.slow_clients.sockets import OPEN_FILES, client_sockets, open_files

LOOK_SECONDS = 2.0
OPEN_FILES_LIMIT = 1 << 16
RESET = struct.pack("ii", 1, 0)  # for SO_LINGER: drop what the client has not read

log = structlog.get_logger()


class Peer(NamedTuple):
    """A connection as it can be recognised: numbers of files are used again."""

    file: int
    address: tuple[Any, ...]


Connections = dict[Peer, Connection]


def start() -> None:
    """Watch the connections of this process from now on."""
    allow_open_files()
    if OPEN_FILES.exists():
        Thread(target=_watch, name="slow-clients", daemon=True).start()


def allow_open_files() -> None:
    """Raise the limit of open files to what this process may have: the usual 1,024 are few connections."""
    limit, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    target = OPEN_FILES_LIMIT if most == resource.RLIM_INFINITY else min(most, OPEN_FILES_LIMIT)
    if limit < target:
        resource.setrlimit(resource.RLIMIT_NOFILE, (target, most))


def _watch() -> None:
    connections: Connections = {}
    while True:
        time.sleep(LOOK_SECONDS)
        try:
            connections = look(connections, time.monotonic())
        except Exception as error:  # one failed look must not end the thread
            log.error("look_at_connections_failed", exc_info=error)


def look(before: Connections, now: float) -> Connections:
    """Disconnect the clients that are slow; return all others, for the next look."""
    others: Connections = {}
    reasons: Counter[str] = Counter()
    complete_times = calls.complete_times()
    for peer, counts in _read_connections(settings.get().port):
        connection = before.get(peer) or Connection(changed=now)
        reason = connection.judge(now, counts, complete_times)
        if reason:
            reasons[reason] += 1
            _disconnect(peer)
        else:
            others[peer] = connection
    if reasons:
        log.info("slow_clients_disconnected", **{reason.replace(" ", "_"): count for reason, count in reasons.items()})
    return others


def _read_connections(port: int) -> Iterator[tuple[Peer, Counts]]:
    for file, connection in client_sockets(port, open_files()):
        with suppress(OSError):  # it listens, or has ended
            yield Peer(file, connection.getpeername()), read_counts(connection)


def _disconnect(peer: Peer) -> None:
    """End a connection. The copy of its file makes sure that it is still the same."""
    with suppress(OSError), socket.socket(fileno=os.dup(peer.file)) as connection:
        if connection.getpeername() == peer.address:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            connection.shutdown(socket.SHUT_RDWR)
