"""Background threads that flush what a process has buffered, about once a second."""

from collections.abc import Callable
from threading import Event, Thread

import structlog

FLUSH_SECONDS = 1.0

log = structlog.get_logger()


def start(name: str, flush: Callable[[], object]) -> Event:
    """Start a flushing thread and return the event that stops it. Call it at first use: a fork copies no threads."""
    stopped = Event()
    Thread(target=_flush_repeatedly, args=(name, flush, stopped), name=name, daemon=True).start()
    return stopped


def _flush_repeatedly(name: str, flush: Callable[[], object], stopped: Event) -> None:
    while not stopped.wait(FLUSH_SECONDS):
        try:
            flush()
        except Exception as error:  # one failed flush must not end the thread
            log.error("flush_failed", buffer=name, exc_info=error)
