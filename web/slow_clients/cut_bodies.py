"""Tells a body that was cut off from one that is complete, where the client did not announce a length.

The server ends both in the same way. But it keeps a connection that broke in the middle of a request until the request
has its answer, and closes any other connection as soon as its client has left.
"""

import time

from models import settings
from web.slow_clients.connections import has_left, read_counts
from web.slow_clients.sockets import OPEN_FILES, client_sockets

CLOSE_SECONDS = 1.0
"""Within this time the server closes a connection whose client left after a complete request."""
LOOK_SECONDS = 0.02


def was_cut_off(size: int) -> bool:
    """Whether a body that ends after `size` bytes ends because its client left.

    A complete body is taken for a broken one if another client left in the middle of a request at least as large, and
    that has no answer within a second. Then the upload is refused, and its client sends it again.
    """
    if not OPEN_FILES.exists():
        return False
    deadline = time.monotonic() + CLOSE_SECONDS
    suspects = _broken_connections(size)
    while suspects and time.monotonic() < deadline:
        time.sleep(LOOK_SECONDS)
        suspects &= _broken_connections(size)
    return bool(suspects)


def _broken_connections(size: int) -> set[int]:
    """The files of connections whose client has left, and has sent more than `size` bytes before."""
    files = set()
    for file, connection in client_sockets(settings.get().port):
        try:
            if has_left(connection) and read_counts(connection).received > size:
                files.add(file)
        except OSError:  # it has ended
            continue
    return files
