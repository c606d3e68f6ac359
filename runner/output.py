"""Log lines on stderr, as text or as JSON, each with its process; a reader that stops reading delays nothing."""

import errno
import json
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

BACKLOG = 10_000  # lines
FLUSH_SECONDS = 1  # for the last lines on the way out
JSON = "json"
RUNNER = "runner"  # the name of its own lines
COLOURS = (36, 33, 32, 35, 34, 31)

NO_LABELS: Mapping[str, str] = MappingProxyType({})

Say = Callable[[str, str], None]
Lines = queue.Queue[str | None]


@contextmanager
def labelled(names: Iterable[str], log_format: str) -> Iterator[Say]:
    """Give a function that prints a line of a process; a thread writes, since stderr may block."""
    labels = _labels(list(names))
    lines: Lines = queue.Queue(BACKLOG)
    dropped = 0

    def say(name: str, text: str) -> None:
        nonlocal dropped
        try:
            if dropped:
                lines.put_nowait(format_line(RUNNER, _dropped(dropped), log_format))
                dropped = 0
            lines.put_nowait(format_line(name, text, log_format, labels))
        except queue.Full:
            dropped += 1

    writer = threading.Thread(target=_write, args=(lines,), daemon=True)
    writer.start()
    try:
        yield say
    finally:
        _flush(lines, writer)


def format_line(name: str, text: str, log_format: str, labels: Mapping[str, str] = NO_LABELS) -> str:
    """Add the process to a line: as the member `process` of a JSON object, or before a text."""
    if log_format == JSON:
        return json.dumps({"process": name} | _members(text))
    return f"{labels.get(name, name)} | {text}"


def _members(text: str) -> dict[str, Any]:
    """Read a line of JSON. Any other line becomes an event."""
    try:
        members = json.loads(text)
    except ValueError:
        members = None
    if isinstance(members, dict):
        return members
    return {"event": text, "level": "info", "timestamp": datetime.now(UTC).isoformat()}


def _dropped(count: int) -> str:
    return f"{count} lines were dropped here: stderr was not read"


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
