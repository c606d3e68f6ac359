"""A line between client and server that can be cut where a test wants it to be."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

PIECE = 1 << 14


@dataclass(slots=True)
class Cut:
    """The next so many requests that hold these bytes are cut: after so many bytes on their way, or of the answer."""

    request: bytes
    after: int
    of_answer: bool = True
    times: int = 1


@dataclass(slots=True)
class Relay:
    url: str
    cuts: list[Cut] = field(default_factory=list)
    sent: bytearray = field(default_factory=bytearray)
    """All that clients have sent."""


@contextmanager
def between(server: str, *cuts: Cut, host: str = "127.0.0.1") -> Iterator[Relay]:
    target = urlsplit(server)
    with closing(socket.create_server((host, 0))) as listening:
        relay = Relay(f"http://{host}:{listening.getsockname()[1]}", list(cuts))
        address = (str(target.hostname), int(target.port or 80))
        threading.Thread(target=_accept, args=(listening, address, relay), daemon=True).start()
        yield relay
        listening.shutdown(socket.SHUT_RDWR)


def _accept(listening: socket.socket, address: tuple[str, int], relay: Relay) -> None:
    with suppress(OSError):  # it was closed
        while True:
            client, _ = listening.accept()
            threading.Thread(target=_joined, args=(client, address, relay), daemon=True).start()


def _joined(client: socket.socket, address: tuple[str, int], relay: Relay) -> None:
    left: dict[bool, int] = {}
    with client, socket.create_connection(address) as server, suppress(OSError):
        threading.Thread(target=_answers, args=(server, client, left), daemon=True).start()
        while piece := client.recv(PIECE):
            relay.sent += piece
            for cut in relay.cuts:
                if cut.request in piece and cut.times:
                    cut.times -= 1
                    left[cut.of_answer] = cut.after
            if not _passed(server, piece, left, False):
                break
        for end in (server, client):
            end.shutdown(socket.SHUT_RDWR)


def _answers(server: socket.socket, client: socket.socket, left: dict[bool, int]) -> None:
    with suppress(OSError):
        while (piece := server.recv(PIECE)) and _passed(client, piece, left, True):
            pass
        client.shutdown(socket.SHUT_RDWR)


def _passed(target: socket.socket, piece: bytes, left: dict[bool, int], of_answer: bool) -> bool:
    """Whether all of it might go on."""
    if of_answer not in left:
        target.sendall(piece)
        return True
    target.sendall(piece[: left[of_answer]])
    left[of_answer] -= len(piece)
    return left[of_answer] > 0
