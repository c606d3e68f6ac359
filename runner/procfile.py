"""The Procfile: a name and a command a line, in the order in which they start."""

import re
from dataclasses import dataclass
from pathlib import Path

from models.errors import SettingsError

LINE = re.compile(r"([A-Za-z0-9_-]+):\s*(\S.*)")


@dataclass(frozen=True, slots=True)
class Entry:
    name: str
    command: str


def read(path: Path) -> tuple[Entry, ...]:
    try:
        text = path.read_text()
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from None
    entries = tuple(_entry(path, line) for line in map(str.strip, text.splitlines()) if line and line[0] != "#")
    if len({entry.name for entry in entries}) != len(entries):
        raise SettingsError(f"{path}: a name stands there twice")
    return entries


def _entry(path: Path, line: str) -> Entry:
    match = LINE.fullmatch(line)
    if not match:
        raise SettingsError(f"{path}: expected `name: command`, found {line!r}")
    return Entry(match[1], match[2])
