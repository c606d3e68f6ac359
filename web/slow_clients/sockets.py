"""The connections of this process, as the kernel has them: the server gives an application none."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

OPEN_FILES = Path("/proc/self/fd")  # of Linux


def client_sockets(port: int) -> Iterator[tuple[int, socket.socket]]:
    """Yield each connection to a port, by the number of its file. The listening socket is one of them."""
    for name in os.listdir(OPEN_FILES):
        try:
            connection = socket.socket(fileno=int(name))
        except OSError:  # another kind of file, or closed by now
            continue
        try:
            if _has_port(connection, port):
                yield int(name), connection
        finally:
            connection.detach()  # it belongs to the server


def _has_port(connection: socket.socket, port: int) -> bool:
    if connection.family not in (socket.AF_INET, socket.AF_INET6):
        return False
    try:
        return bool(connection.getsockname()[1] == port)
    except OSError:  # it has ended
        return False
