"""A body without a length was cut off if its connection ended before the answer: by the client, or by us."""

import socket
import struct
from collections.abc import Callable, Iterator

import pytest

from tests.fixtures.processes import process_environment
from tests.waiting import wait_until
from web.slow_clients import cut_bodies, watch
from web.slow_clients.connections import SILENT_SECONDS, has_ended
from web.slow_clients.cut_bodies import was_cut_off

BODY = b"url\nhttps://example.com/\n"
HEAD = b"POST /api/jobs HTTP/1.1\r\n\r\n"
ADDRESS = "127.0.0.1"
ANOTHER = "127.0.0.2"
RESET = struct.pack("ii", 1, 0)  # for SO_LINGER


@pytest.fixture
def ends(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[socket.socket, ...]]:
    """The client's and the server's end of a connection on which a body came."""
    monkeypatch.setattr(cut_bodies, "CLOSE_SECONDS", 0.1)
    with socket.create_server((ADDRESS, 0)) as listener:
        port = listener.getsockname()[1]
        with process_environment({"PORT": str(port)}), socket.create_connection((ADDRESS, port)) as client:
            server, _ = listener.accept()
            with server:
                client.sendall(HEAD + BODY)
                assert server.recv(1000)
                yield client, server


def leave(client: socket.socket) -> None:
    client.shutdown(socket.SHUT_WR)


def reset(client: socket.socket) -> None:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    client.close()


def disconnect(_client: socket.socket) -> None:
    """Let the watch end it, as that of a client which sends nothing more."""
    connections = watch.look({}, 0.0)
    connections = watch.look(connections, SILENT_SECONDS * 10)
    assert connections == {}


@pytest.mark.parametrize("end", [leave, reset, disconnect])
def test_a_body_whose_connection_has_ended_was_cut_off(
    ends: tuple[socket.socket, ...], end: Callable[[socket.socket], None]
) -> None:
    client, server = ends
    assert not was_cut_off(ADDRESS, len(BODY))
    end(client)
    wait_until(lambda: has_ended(server), what="the connection to end")
    assert was_cut_off(ADDRESS, len(BODY))


def test_a_client_that_leaves_does_not_cut_off_what_others_send(ends: tuple[socket.socket, ...]) -> None:
    client, server = ends
    reset(client)
    wait_until(lambda: has_ended(server), what="the connection to end")
    assert not was_cut_off(ANOTHER, len(BODY))
    assert not was_cut_off(ADDRESS, len(HEAD + BODY))  # it has brought less
