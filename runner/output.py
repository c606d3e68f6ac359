"""Log lines on stderr, each with its process's name; a reader that stops reading holds nothing up."""

import errno
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

BACKLOG = 10_000  # lines
FLUSH = 1  # seconds for the last lines on the way out
COLOURS = (36, 33, 32, 35, 34, 31)

Say = Callable[[str, str], None]


@contextmanager
def prefixed(names: Iterable[str]) -> Iterator[Say]:
    names = list(names)
    labels = dict(zip(names, _coloured(_aligned(names)) if _on_a_terminal() else _aligned(names), strict=True))
    lines: queue.Queue[str | None] = queue.Queue(BACKLOG)
    lost = 0

    def say(name: str, text: str) -> None:
        nonlocal lost
        try:
            if lost:
                lines.put_nowait(f"({lost} lines were left out here: nobody was reading)")
                lost = 0
            lines.put_nowait(f"{labels[name]} | {text}")
        except queue.Full:
            lost += 1

    writer = threading.Thread(target=_write, args=(lines,), daemon=True)
    writer.start()
    try:
        yield say
    finally:
        _flush(lines, writer)


def _write(lines: "queue.Queue[str | None]") -> None:
    while (line := lines.get()) is not None:
        try:
            os.write(2, line.encode(errors="replace") + b"\n")
        except OSError as error:
            if error.errno == errno.EIO:  # the terminal is gone, and a `make` that leads its session tells nobody
                os.kill(os.getpid(), signal.SIGHUP)


def _flush(lines: "queue.Queue[str | None]", writer: threading.Thread) -> None:
    try:
        lines.put(None, timeout=FLUSH)
    except queue.Full:
        return
    writer.join(FLUSH)


def _on_a_terminal() -> bool:
    return sys.stderr.isatty() and not os.environ.get("NO_COLOR")


def _aligned(names: list[str]) -> list[str]:
    width = max(map(len, names))
    return [name.ljust(width) for name in names]


def _coloured(labels: list[str]) -> list[str]:
    return [f"\x1b[{COLOURS[index % len(COLOURS)]}m{label}\x1b[0m" for index, label in enumerate(labels)]
