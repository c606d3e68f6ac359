"""The requests under way, and since when each of them has been received as a whole."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from models import process_caches


class Call:
    """A request that a thread works on."""

    def __init__(self) -> None:
        self.complete_since: float | None = time.monotonic()

    def begin_body(self) -> None:
        self.complete_since = None

    def end_body(self) -> None:
        self.complete_since = time.monotonic()


calls: set[Call] = process_caches.container(set())


@contextmanager
def under_way() -> Iterator[Call]:
    call = Call()
    calls.add(call)
    try:
        yield call
    finally:
        calls.discard(call)


def complete_times() -> list[float]:
    """Return since when the clients of all complete requests have been waiting for their answer."""
    return [call.complete_since for call in tuple(calls) if call.complete_since is not None]
