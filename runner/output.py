"""Log lines on stderr, each with the name of its process; a reader that stops reading delays nothing."""

import errno
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

BACKLOG = 10_000  # lines
FLUSH_SECONDS = 1  # for the last lines on the way out
COLOURS = (36, 33, 32, 35, 34, 31)

Say = Callable[[str, str], None]
Lines = queue.Queue[str | None]


@contextmanager
def prefixed(names: Iterable[str]) -> Iterator[Say]:
    """Give a function that prints a line under a name; a thread writes, since stderr may block."""
    labels = _labels(list(names))
    lines: Lines = queue.Queue(BACKLOG)
    dropped = 0

    def say(name: str, text: str) -> None:
        nonlocal dropped
        try:
            if dropped:
                lines.put_nowait(f"({dropped} lines were dropped here: stderr was not read)")
                dropped = 0
            lines.put_nowait(f"{labels[name]} | {text}")
        except queue.Full:
            dropped += 1

    writer = threading.Thread(target=_write, args=(lines,), daemon=True)
    writer.start()
    try:
        yield say
    finally:
        _flush(lines, writer)


def _labels(names: list[str]) -> dict[str, str]:
    width = max(map(len, names))
    coloured = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
    labels = {}
    for index, name in enumerate(names):
        labels[name] = name.ljust(width)
        if coloured:
            labels[name] = f"\x1b[{COLOURS[index % len(COLOURS)]}m{labels[name]}\x1b[0m"
    return labels


def _write(lines: Lines) -> None:
    while (line := lines.get()) is not None:
        try:
            os.write(2, line.encode(errors="replace") + b"\n")
        except OSError as error:
            # The terminal is gone, and a `make` that leads its session passes no SIGHUP on.
            if error.errno == errno.EIO:
                os.kill(os.getpid(), signal.SIGHUP)


def _flush(lines: Lines, writer: threading.Thread) -> None:
    try:
        lines.put(None, timeout=FLUSH_SECONDS)
    except queue.Full:
        return
    writer.join(FLUSH_SECONDS)
