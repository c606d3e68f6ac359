"""Tells a body that was cut off from one that is complete, where the client did not announce a length.

The server ends both in the same way. But it keeps a connection that ended in the middle of a request until the request
has its answer, and closes any other connection as soon as its client has left.
"""

import time
from contextlib import suppress

from models import settings
from web.slow_clients.connections import has_ended, read_address, read_counts
from web.slow_clients.sockets import OPEN_FILES, client_sockets

CLOSE_SECONDS = 1.0
"""Within this time the server closes a connection whose client left after a complete request."""
LOOK_SECONDS = 0.02


def was_cut_off(address: str, size: int) -> bool:
    """Whether a body from an address that ends after `size` bytes ends because its client left or was disconnected.

    A complete body is taken for a broken one if another client at the same address left in the middle of a request at
    least as large, and that has no answer within a second. Then the upload is refused, and its client sends it again.
    """
    if not OPEN_FILES.exists():
        return False
    deadline = time.monotonic() + CLOSE_SECONDS
    suspects = _broken_connections(address, size)
    while suspects and time.monotonic() < deadline:
        time.sleep(LOOK_SECONDS)
        suspects &= _broken_connections(address, size)
    return bool(suspects)


def _broken_connections(address: str, size: int) -> set[int]:
    """The files of an address's connections that have ended, after their client had sent more than `size` bytes."""
    files = set()
    for file, connection in client_sockets(settings.get().port):
        with suppress(OSError):  # it is being closed, or listens
            has_brought_it = read_counts(connection).received > size and read_address(connection) == address
            if has_brought_it and has_ended(connection):
                files.add(file)
    return files
