"""Tells a body that was cut off from one that is complete, where the client did not announce a length.

The server ends both in the same way. But it keeps a connection that ended in the middle of a request until the request
has its answer, and closes any other connection as soon as its client has left.
"""

import time
from collections.abc import Iterable
from contextlib import suppress

from models import settings
from web.slow_clients.connections import has_ended, read_address, read_counts
from web.slow_clients.sockets import OPEN_FILES, client_sockets, open_files

CLOSE_SECONDS = 0.5
"""Within this time the server closes a connection whose client left after a complete request."""
LOOK_SECONDS = 0.05


def was_cut_off(address: str, size: int) -> bool:
    """Whether a body from an address that ends after `size` bytes ends because its client left or was disconnected.

    A complete body is taken for a broken one if another client at the same address left in the middle of a request at
    least as large, and that has no answer within this time. Then the upload is refused, and its client sends it again.
    """
    if not OPEN_FILES.exists():
        return False
    deadline = time.monotonic() + CLOSE_SECONDS
    suspects = _broken_connections(open_files(), address, size)
    while suspects and time.monotonic() < deadline:
        time.sleep(LOOK_SECONDS)
        suspects = _broken_connections(suspects, address, size)
    return bool(suspects)


def _broken_connections(files: Iterable[int], address: str, size: int) -> list[int]:
    """Those files that are an address's connections that have ended, after their client sent more than `size` bytes."""
    broken = []
    for file, connection in client_sockets(settings.get().port, files):
        with suppress(OSError):  # it is being closed, or listens
            has_brought_it = read_counts(connection).received > size and read_address(connection) == address
            if has_brought_it and has_ended(connection):
                broken.append(file)
    return broken
