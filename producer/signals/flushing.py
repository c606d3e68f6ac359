"""Handing over what a process gathers, about once a second, from a thread of its own."""

from collections.abc import Callable
from threading import Event, Thread

import structlog

FLUSH_SECONDS = 1.0

log = structlog.get_logger()


def begin(name: str, flush: Callable[[], object]) -> None:
    """Call it at first use: a process that forks later should have no threads."""
    Thread(target=_go_on, args=(name, flush), name=name, daemon=True).start()


def _go_on(name: str, flush: Callable[[], object]) -> None:
    pause = Event()
    while not pause.wait(FLUSH_SECONDS):
        try:
            flush()
        except Exception as error:
            log.error(f"{name}_not_flushed", exc_info=error)
