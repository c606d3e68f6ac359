"""The watch sees the connections of its own process, and ends the slow ones."""

import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.fixtures.processes import process_environment
from tests.waiting import wait_until
from web.slow_clients import watch
from web.slow_clients.connections import SILENT_SECONDS


@pytest.fixture
def connection() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Both ends of a connection to the port of the settings."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with process_environment({"PORT": str(port)}), socket.create_connection(("127.0.0.1", port)) as client:
            server, _ = listener.accept()
            with server:
                yield client, server


def test_a_silent_client_is_disconnected(connection: tuple[socket.socket, socket.socket]) -> None:
    client, _ = connection
    connections = watch.look({}, 0.0)
    assert [peer.address for peer in connections] == [client.getsockname()]
    assert watch.look(connections, SILENT_SECONDS) == {}
    client.settimeout(5)
    assert client.recv(1) == b""


def test_a_client_that_speaks_is_not(connection: tuple[socket.socket, socket.socket]) -> None:
    client, server = connection
    connections = watch.look({}, 0.0)
    client.send(b"GET / HTTP/1.1\r\n")
    server.settimeout(5)
    server.recv(100)
    assert len(watch.look(connections, SILENT_SECONDS)) == 1


def test_a_client_that_does_not_read_is_disconnected_and_what_it_did_not_read_is_dropped(
    connection: tuple[socket.socket, socket.socket],
) -> None:
    client, server = connection
    server.setblocking(False)
    fill(server)
    connections = watch.look({}, 0.0)
    assert wait_until(lambda: watch.look(connections, 30.0) == {}, 5)
    server.close()
    client.settimeout(5)
    with pytest.raises(ConnectionResetError):
        read_all(client)


def fill(server: socket.socket) -> None:
    """Send as much as the kernel takes."""
    with suppress(BlockingIOError):
        while True:
            server.send(bytes(1 << 20))


def read_all(client: socket.socket) -> None:
    while client.recv(1 << 20):
        pass
