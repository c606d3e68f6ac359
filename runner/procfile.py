"""The Procfile: a name and a command on each line, in the order of their start."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from models.errors import SettingsError

BROKER = "broker"
WEB = "web"
FLOWER = "flower"
"""Processes that the runner treats in ways of their own."""

LINE = re.compile(r"([A-Za-z0-9_-]+):\s*(\S.*)")


@dataclass(frozen=True, slots=True)
class Entry:
    """One process to run."""

    name: str
    command: str


def read(path: Path) -> tuple[Entry, ...]:
    """Parse a Procfile; raise SettingsError when a line is not `name: command` or a name is repeated."""
    try:
        text = path.read_text()
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from None
    entries: dict[str, Entry] = {}
    for line in map(str.strip, text.splitlines()):
        if not line or line.startswith("#"):
            continue
        entry = _parse(path, line)
        if entry.name in entries:
            raise SettingsError(f"{path}: the name {entry.name!r} appears twice")
        entries[entry.name] = entry
    return tuple(entries.values())


def choose(entries: tuple[Entry, ...], names: Collection[str]) -> tuple[Entry, ...]:
    """Return the entries of these names, in the order of the Procfile."""
    known = [entry.name for entry in entries]
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise SettingsError(f"--only {','.join(unknown)}: expected some of {', '.join(known)}")
    return tuple(entry for entry in entries if entry.name in names)


def _parse(path: Path, line: str) -> Entry:
    match = LINE.fullmatch(line)
    if not match:
        raise SettingsError(f"{path}: expected `name: command`, not {line!r}")
    return Entry(match[1], match[2])
