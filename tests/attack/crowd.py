"""Many clients that send or read as slowly as they can, and connect again when they are disconnected."""

import errno
import random
import resource
import socket
import time
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.synchronize import Event as ProcessEvent
from threading import Event
from typing import NamedTuple

TICK_SECONDS = 1.0
RAMP_SECONDS = 5.0  # in which all clients connect for the first time
PAUSES_SECONDS = (10.0, 20.0)  # before a client connects again: this is no flood
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


class Outcome(NamedTuple):
    """How many connections ended before the attack did, and how long the longest of all was open."""

    ended: int
    longest: float


@dataclass
class Client:
    """One connection after the other."""

    attack: Attack
    port: int
    may_connect: float
    connection: socket.socket | None = None
    opened: float = 0.0
    unsent: bytes = b""
    ages: list[float] = field(default_factory=list)  # of the connections that have ended

    def act(self, now: float) -> None:
        if self.connection is None:
            if now >= self.may_connect:
                self._connect(now)
            return
        try:
            self._send(self.connection)
            is_open = self._read(self.connection)
        except OSError as error:
            is_open = error.errno in NOT_YET
        if not is_open:
            self._note_end(now)

    def _connect(self, now: float) -> None:
        connection = socket.socket()
        connection.setblocking(False)
        if self.attack.reads_slowly:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
        connection.bind((ATTACKER, 0))
        connection.connect_ex(("127.0.0.1", self.port))
        self.connection = connection
        self.opened = now
        self.unsent = self.attack.head

    def _send(self, connection: socket.socket) -> None:
        if self.unsent:
            sent = connection.send(self.unsent)
            self.unsent = self.unsent[sent:]
        elif self.attack.drip:
            connection.send(self.attack.drip)

    def _read(self, connection: socket.socket) -> bool:
        """Whether the connection is still open. For those that do not wait for an answer, any answer is its end."""
        data = connection.recv(SIP_BYTES)
        return self.attack.reads_slowly and bool(data)

    def _note_end(self, now: float) -> None:
        assert self.connection
        self.connection.close()
        self.connection = None
        self.ages.append(now - self.opened)
        self.may_connect = now + random.uniform(*PAUSES_SECONDS)


def run(attack: Attack, port: int, over: "Event | ProcessEvent") -> Outcome:
    """Keep all clients of an attack busy until it is over."""
    allow_connections(attack.clients)
    start = time.monotonic()
    clients = [Client(attack, port, start + random.uniform(0, RAMP_SECONDS)) for _ in range(attack.clients)]
    wait = 0.0
    while not over.wait(wait):
        started = time.monotonic()
        for client in clients:
            client.act(time.monotonic())
        wait = max(0.0, started + TICK_SECONDS - time.monotonic())
    return _sum_up(clients, time.monotonic())


def _sum_up(clients: list[Client], now: float) -> Outcome:
    ages = [age for client in clients for age in client.ages]
    ended = len(ages)
    for client in clients:
        if client.connection:
            ages.append(now - client.opened)
            with suppress(OSError):
                client.connection.close()
    return Outcome(ended, max(ages, default=0.0))


def allow_connections(clients: int) -> None:
    """Raise the limit of open files, here and for the processes that start from now on."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_OPEN_FILES if most == resource.RLIM_INFINITY else min(most, MOST_OPEN_FILES)
    assert wanted > clients, f"{clients:,} connections need a higher limit of open files than {wanted:,} (ulimit -n)"
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
