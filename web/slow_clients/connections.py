"""Judges a connection by the kernel's counters: whether its client sends and reads fast enough."""

import socket
import struct
from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

LEAST_RATE = 1_000
"""Bytes a second that a client must send of a request or read of an answer."""
SILENT_SECONDS = 10.0
"""For a connection that has sent nothing yet."""
REQUEST_SECONDS = 15.0
"""How long a request may arrive too slowly, or not at all."""
ANSWER_SECONDS = 20.0
"""How long an answer may be read too slowly, or not at all."""
IDLE_SECONDS = 75.0
"""Between an answer and the next request."""
NEAR_SECONDS = 5.0
"""A request that was complete within this time of a connection's last bytes is taken for one of that connection."""

TCP_INFO_BYTES = 148
COUNTERS = struct.Struct("<QQ")
COUNTERS_AT = 120  # tcpi_bytes_acked and tcpi_bytes_received
UNSENT = struct.Struct("<I")
UNSENT_AT = 144  # tcpi_notsent_bytes
TCP_ESTABLISHED = 1  # a state
SO_PEERNAME = 28  # of Linux
ADDRESS_AT = {socket.AF_INET: slice(4, 8), socket.AF_INET6: slice(8, 24)}  # in the kernel's socket addresses

SILENT = "silent"
SLOW_REQUEST = "slow request"
SLOW_READER = "slow reader"
IDLE = "idle"


class Counts(NamedTuple):
    """What the kernel has counted for a connection."""

    received: int
    acknowledged: int  # of what we sent
    unsent: int


def read_counts(connection: socket.socket) -> Counts:
    info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO_BYTES)
    acknowledged, received = COUNTERS.unpack_from(info, COUNTERS_AT)
    (unsent,) = UNSENT.unpack_from(info, UNSENT_AT)
    return Counts(received, acknowledged, unsent)


def has_ended(connection: socket.socket) -> bool:
    """Whether its client has left or was disconnected. So it looks for a listening socket, which receives nothing."""
    state = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO_BYTES)[0]
    return state != TCP_ESTABLISHED


def read_address(connection: socket.socket) -> str:
    """Return the client's address. `getpeername` fails when the client has reset the connection."""
    place = ADDRESS_AT[connection.family]
    name = connection.getsockopt(socket.SOL_SOCKET, SO_PEERNAME, place.stop)
    return socket.inet_ntop(connection.family, name[place])


NOTHING = Counts(0, 0, 0)


class Mark(NamedTuple):
    """A count at some time, from which a rate is measured."""

    time: float
    amount: int

    def is_fast(self, now: float, amount: int) -> bool:
        return amount - self.amount >= LEAST_RATE * (now - self.time)


@dataclass(slots=True)
class Connection:
    """One connection over time. `judge` is called every few seconds."""

    changed: float
    counts: Counts = NOTHING
    request: Mark | None = None  # of the bytes received, while a request has no answer yet
    answer: Mark | None = None  # of the bytes acknowledged, while more of the answer waits to be sent

    def judge(self, now: float, counts: Counts, complete_times: Collection[float]) -> str:
        """Return why the connection must end, or an empty text. `complete_times` are those of requests under way."""
        before = self.counts
        self.counts = counts
        if counts != before:
            self.changed = now
        self._mark(now, before, counts)
        if self.answer:
            return self._judge_reader(now, self.answer)
        if self.request:
            return self._judge_request(now, self.request, before, complete_times)
        silent = now - self.changed
        if not counts.received:
            return SILENT if silent >= SILENT_SECONDS else ""
        return IDLE if silent >= IDLE_SECONDS else ""

    def _mark(self, now: float, before: Counts, counts: Counts) -> None:
        """Note when a request or an answer begins and ends."""
        if not counts.unsent:
            self.answer = None
        elif not self.answer:
            self.answer = Mark(now, counts.acknowledged)
        if counts.acknowledged > before.acknowledged or counts.unsent:
            self.request = None
        elif counts.received > before.received and not self.request:
            self.request = Mark(now, counts.received)

    def _judge_reader(self, now: float, mark: Mark) -> str:
        if now - mark.time < ANSWER_SECONDS:
            return ""
        if not mark.is_fast(now, self.counts.acknowledged):
            return SLOW_READER
        self.answer = Mark(now, self.counts.acknowledged)
        return ""

    def _judge_request(self, now: float, mark: Mark, before: Counts, complete_times: Collection[float]) -> str:
        if self.counts.received == before.received:
            is_late = now - self.changed >= REQUEST_SECONDS
            return SLOW_REQUEST if is_late and not self._is_complete(complete_times) else ""
        if now - mark.time < REQUEST_SECONDS:
            return ""
        if not mark.is_fast(now, self.counts.received):
            return SLOW_REQUEST
        self.request = Mark(now, self.counts.received)
        return ""

    def _is_complete(self, complete_times: Collection[float]) -> bool:
        """Whether the client may be waiting for the answer to a request that it has sent as a whole."""
        return any(abs(self.changed - time) <= NEAR_SECONDS for time in complete_times)
