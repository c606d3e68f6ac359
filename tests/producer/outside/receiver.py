"""Servers on loopback that answer well or badly: each is a function that handles one socket."""

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Event, Thread
from threading import enumerate as enumerate_threads

import pytest

from producer.outside import guard


@dataclass(slots=True)
class Receiver:
    address: str
    port: int
    requests: list[bytes] = field(default_factory=list)
    """The head and body of each request."""
    stopped: Event = field(default_factory=Event)
    connections: int = 0
    bytes_sent: int = 0

    @property
    def url(self) -> str:
        return f"http://{self.address}:{self.port}/"

    def headers(self, index: int = 0) -> dict[str, str]:
        lines = self.requests[index].partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
        return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


@contextmanager
def hung_lookups(monkeypatch: pytest.MonkeyPatch) -> Iterator[Event]:
    """A name server that answers only once the event is set."""
    released = Event()
    monkeypatch.setattr(guard, "resolve", lambda host, port: released.wait(30) and ["8.8.8.8"])
    yield released
    released.set()
    for thread in enumerate_threads():
        if thread.name == guard.LOOKUP_THREAD:
            thread.join(5)


Handler = Callable[[socket.socket, Receiver], None]


@contextmanager
def receiving(
    handle: Handler, address: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
) -> Iterator[Receiver]:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, port), family=family) as listener:
        receiver = Receiver(address, listener.getsockname()[1])
        Thread(target=_accept, args=(listener, handle, receiver, tls), daemon=True).start()
        try:
            yield receiver
        finally:
            receiver.stopped.set()
            listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, handle: Handler, receiver: Receiver, tls: ssl.SSLContext | None) -> None:
    with suppress(OSError):
        while True:
            sock, _ = listener.accept()
            receiver.connections += 1
            Thread(target=_serve, args=(sock, handle, receiver, tls), daemon=True).start()


def _serve(sock: socket.socket, handle: Handler, receiver: Receiver, tls: ssl.SSLContext | None) -> None:
    with suppress(OSError), sock:
        sock.settimeout(20)
        with tls.wrap_socket(sock, server_side=True) if tls else sock as ready:
            handle(ready, receiver)


def read_request(sock: socket.socket, receiver: Receiver) -> None:
    """Read a request to its end."""
    data = b""
    while b"\r\n\r\n" not in data:
        if not (more := sock.recv(65536)):
            return
        data += more
    receiver.requests.append(data)
    length = int(receiver.headers(-1).get("content-length", 0))
    while len(data.partition(b"\r\n\r\n")[2]) < length and (more := sock.recv(65536)):
        data += more
        receiver.requests[-1] = data


def answering(*answers: bytes) -> Handler:
    """Send the answers in turn, and the last one again and again."""
    remaining = list(answers)

    def handle(sock: socket.socket, receiver: Receiver) -> None:
        read_request(sock, receiver)
        sock.sendall(remaining.pop(0) if len(remaining) > 1 else remaining[0])

    return handle


def dripping(head: bytes, drop: bytes, pause: float = 0.02) -> Handler:
    """Send drop by drop, without an end."""

    def handle(sock: socket.socket, receiver: Receiver) -> None:
        read_request(sock, receiver)
        sock.sendall(head)
        while not receiver.stopped.wait(pause):
            sock.sendall(drop)

    return handle


def pouring(head: bytes, flood: bytes) -> Handler:
    """Send as fast as possible until the other end stops reading; `bytes_sent` counts how much that was."""

    def handle(sock: socket.socket, receiver: Receiver) -> None:
        read_request(sock, receiver)
        sock.sendall(head)
        try:
            while not receiver.stopped.is_set():
                receiver.bytes_sent += sock.send(flood)
        finally:
            receiver.stopped.set()

    return handle


def silent(sock: socket.socket, receiver: Receiver) -> None:
    receiver.stopped.wait(20)


def answer(status: str = "200 OK", body: bytes = b"", **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body
