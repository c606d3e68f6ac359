"""A real server gives every place back, whatever its clients do in the middle of a call."""

import json
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from urllib.request import urlopen

import pytest

from tests import ROOT
from tests.system import free_port
from tests.waiting import wait_until

ROUNDS = 5
CLIENTS = 8  # at the same time: as many as one address has places for large answers
NOTHING = {"calls": 0, "slots": 0, "uploads": 0, "downloads": 0}
RESET = struct.pack("ii", 1, 0)  # for SO_LINGER: end a connection at once, without a farewell

UPLOAD = b"POST /api/upload HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" + bytes(100_000)
CHUNKED = b"POST /api/upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n"
DOWNLOAD = b"GET /api/download HTTP/1.1\r\nHost: a\r\n\r\n"
BROKEN_HEADER = b"GET /api/broken-header HTTP/1.1\r\nHost: a\r\n\r\n"


def leave(connection: socket.socket) -> None:
    connection.close()


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    connection.close()


def stop_sending(connection: socket.socket) -> None:
    """Close one direction: the server sees the end of the request, and the client could still read an answer."""
    connection.shutdown(socket.SHUT_WR)


@pytest.fixture(scope="module")
def served_port() -> Iterator[int]:
    port = free_port()
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--factory", "--workers", "1", "--no-ws"]
    command += ["--port", str(port), "--http", "1", "--blocking-threads", "64", "--log-level", "critical"]
    process = subprocess.Popen([*command, "tests.web.slow_clients.served_app:create"], cwd=ROOT)
    try:
        wait_until(lambda: _answers(port), what="the server to answer")
        yield port
    finally:
        process.terminate()
        process.wait(10)


def _answers(port: int) -> bool:
    try:
        return places(port) == NOTHING
    except OSError:
        return False


def places(port: int) -> dict[str, int]:
    with urlopen(f"http://127.0.0.1:{port}/places", timeout=10) as answer:
        counts: dict[str, int] = json.load(answer)
    return counts


def wait_for_every_place(port: int) -> None:
    wait_until(lambda: places(port) == NOTHING, what=lambda: f"every place to be free: {places(port)}")


ABORTS = [
    (UPLOAD, "uploads", leave),
    (UPLOAD, "uploads", reset),
    (UPLOAD, "uploads", stop_sending),
    (CHUNKED, "uploads", leave),
    (CHUNKED, "uploads", reset),
    (CHUNKED, "uploads", stop_sending),
    (DOWNLOAD, "downloads", leave),
    (DOWNLOAD, "downloads", reset),
]


@pytest.mark.parametrize(("request_bytes", "kind", "end"), ABORTS)
def test_clients_that_end_a_call_in_its_middle_leave_no_place_taken(
    served_port: int, request_bytes: bytes, kind: str, end: Callable[[socket.socket], None]
) -> None:
    for _ in range(ROUNDS):
        with ExitStack() as connections:
            clients = [connections.enter_context(call(served_port, request_bytes)) for _ in range(CLIENTS)]
            wait_until(lambda: places(served_port)[kind] == CLIENTS, what=f"the {kind} to begin")
            for client in clients:
                end(client)
            wait_for_every_place(served_port)


def call(port: int, request_bytes: bytes) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    connection.sendall(request_bytes)
    return connection


def test_an_answer_that_the_server_cannot_send_leaves_no_place_taken(served_port: int) -> None:
    for _ in range(ROUNDS):
        with call(served_port, BROKEN_HEADER) as connection:
            assert connection.recv(100).startswith(b"HTTP/1.1 500")
    wait_for_every_place(served_port)
