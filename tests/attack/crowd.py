"""Many clients that send or read as slowly as they can, and connect again when they are disconnected.

They share their machine with those who measure what others notice, so they must cost little: one thread does what is
due, and the kernel tells it which connections have ended.
"""

import errno
import random
import resource
import select
import socket
import time
from dataclasses import dataclass
from multiprocessing.synchronize import Event as ProcessEvent
from sched import scheduler
from threading import Event
from typing import NamedTuple

DRIP_SECONDS = 1.0
RAMP_SECONDS = 5.0  # in which all clients connect for the first time
PAUSES_SECONDS = (10.0, 20.0)  # before a client connects again; a flood makes none
LOOK_SECONDS = 0.02
ATTACKER = "127.0.0.2"  # everybody else calls from 127.0.0.1
SMALL_BUFFER = 4096
SIP_BYTES = 16
MOST_OPEN_FILES = 1 << 16
NOT_YET = (errno.EAGAIN, errno.ENOTCONN, errno.EINPROGRESS, errno.EALREADY)


class Attack(NamedTuple):
    """What each of some clients does: what it sends at first, what every second, and whether it reads the answer."""

    name: str
    clients: int
    head: bytes = b""
    drip: bytes = b""
    reads_slowly: bool = False
    pauses: tuple[float, float] = PAUSES_SECONDS

    @property
    def end_events(self) -> int:
        """What shows that a connection has ended. For clients that do not wait for an answer, any answer does."""
        return select.EPOLLRDHUP if self.reads_slowly else select.EPOLLRDHUP | select.EPOLLIN


class Outcome(NamedTuple):
    """How many connections ended before the attack did, and how long the longest of all was open."""

    ended: int
    longest: float


def run(attack: Attack, port: int, over: "Event | ProcessEvent") -> Outcome:
    """Keep all clients of an attack busy until it is over."""
    allow_connections(attack.clients)
    crowd = Crowd(attack, port)
    while not over.is_set():
        crowd.look()
    return crowd.leave()


@dataclass(slots=True)
class Client:
    """An open connection."""

    attack: Attack
    connection: socket.socket
    opened: float
    unsent: bytes

    @property
    def has_more(self) -> bool:
        return bool(self.unsent or self.attack.drip or self.attack.reads_slowly)

    def act(self) -> bool:
        """Send and read a little; return whether the connection is still open."""
        try:
            self._send()
            return not self.attack.reads_slowly or bool(self.connection.recv(SIP_BYTES))
        except OSError as error:
            return error.errno in NOT_YET

    def _send(self) -> None:
        if self.unsent:
            sent = self.connection.send(self.unsent)
            self.unsent = self.unsent[sent:]
        elif self.attack.drip:
            self.connection.send(self.attack.drip)


class Crowd:
    """The clients of an attack."""

    def __init__(self, attack: Attack, port: int) -> None:
        self.attack = attack
        self.port = port
        self.clients: dict[int, Client] = {}  # by the numbers of their files
        self.ages: list[float] = []  # of the connections that have ended
        self.poll = select.epoll()
        self.agenda = scheduler()
        for _ in range(attack.clients):
            self.agenda.enter(random.uniform(0, RAMP_SECONDS), 0, self._connect)

    def look(self) -> None:
        """See which connections have ended, and do what is due."""
        for file, _ in self.poll.poll(LOOK_SECONDS):
            self._end(self.clients[file])
        self.agenda.run(blocking=False)

    def leave(self) -> Outcome:
        """Close all connections."""
        ended = len(self.ages)
        for client in list(self.clients.values()):
            self._close(client)
        self.poll.close()
        return Outcome(ended, max(self.ages, default=0.0))

    def _connect(self) -> None:
        connection = socket.socket()
        connection.setblocking(False)
        if self.attack.reads_slowly:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
        connection.bind((ATTACKER, 0))
        connection.connect_ex(("127.0.0.1", self.port))
        client = Client(self.attack, connection, time.monotonic(), self.attack.head)
        self.clients[connection.fileno()] = client
        self.poll.register(connection, self.attack.end_events)
        self._act(client)

    def _act(self, client: Client) -> None:
        if client.connection.fileno() < 0:  # closed meanwhile
            return
        if not client.act():
            self._end(client)
        elif client.has_more:
            self.agenda.enter(DRIP_SECONDS, 0, self._act, (client,))

    def _end(self, client: Client) -> None:
        self._close(client)
        self.agenda.enter(random.uniform(*self.attack.pauses), 0, self._connect)

    def _close(self, client: Client) -> None:
        del self.clients[client.connection.fileno()]
        client.connection.close()
        self.ages.append(time.monotonic() - client.opened)


def allow_connections(clients: int) -> None:
    """Raise the limit of open files, here and for the processes that start from now on."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_OPEN_FILES if most == resource.RLIM_INFINITY else min(most, MOST_OPEN_FILES)
    assert wanted > clients, f"{clients:,} connections need a higher limit of open files than {wanted:,} (ulimit -n)"
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
