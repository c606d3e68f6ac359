"""The connections of this process, as the kernel has them: the server gives an application none."""

import os
import socket
from collections.abc import Iterable, Iterator
from pathlib import Path

OPEN_FILES = Path("/proc/self/fd")  # of Linux


def open_files() -> list[int]:
    """Return the numbers of the files that this process has open."""
    return list(map(int, os.listdir(OPEN_FILES)))


def client_sockets(port: int, files: Iterable[int]) -> Iterator[tuple[int, socket.socket]]:
    """Yield each connection to a port among some files, with its file. The listening socket is one of them."""
    for file in files:
        try:
            connection = socket.socket(fileno=file)
        except OSError:  # another kind of file, or closed by now
            continue
        try:
            if _has_port(connection, port):
                yield file, connection
        finally:
            connection.detach()  # it belongs to the server


def _has_port(connection: socket.socket, port: int) -> bool:
    if connection.family not in (socket.AF_INET, socket.AF_INET6):
        return False
    try:
        return bool(connection.getsockname()[1] == port)
    except OSError:  # it has ended
        return False
