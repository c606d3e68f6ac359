"""The pairs of an old and a new short link that a CSV file holds, and which of its columns they are in."""

import csv
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from ..errors import LinkmillError

NEW_COLUMNS = ("result_short_url", "short_url")
"""What results call the new link; `result_` stands before it when the upload had a column of that name too."""
OLD_NAMES = (
    "oldshorturl", "oldurl", "old", "custombitlink", "custombitlinks", "customlink", "shorturl", "shortlink", "bitlink",
    "shortenedurl", "shortenedlink", "tinyurl", "link",
)  # fmt: skip
"""What other services call a column with their short links, without case, blanks and signs. An earlier one wins."""
SLUG_COLUMNS = ("result_slug", "slug")
SEPARATORS = re.compile(r"[\s_*-]+")
DELIMITERS = ",;\t|"
LONGEST_CELL = 10 << 20
LINK = re.compile(r"\s*(https?://)?[^\s/@]+\.[^\s/@]+/\S", re.IGNORECASE)


class Pair(NamedTuple):
    line: int
    old: str
    new: str
    """Empty when the row has no link."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Where the links of a file are, and how it is written."""

    old: tuple[int, ...]
    """The first of them that is not empty counts: Bitly's `custom_bitlink`, else its `link`."""
    new: int
    delimiter: str
    header: bool
    old_site: str = ""
    """What stands before the old column, which then holds slugs."""


class Choice(NamedTuple):
    """What the user says about the columns."""

    old: str | None = None
    new: str | None = None
    old_site: str | None = None


def find_columns(path: str, choice: Choice) -> Columns:
    with _open(path) as lines:
        first = next(lines, "")
    delimiter = max(DELIMITERS, key=first.count)
    names = [name.strip() for name in next(csv.reader([first], delimiter=delimiter), [])]
    if len(names) == 2 and all(map(LINK.match, names)):
        return Columns((0,), 1, delimiter, header=False)
    new = _new_place(names, choice.new)
    if choice.old_site:
        slugs = _slug_place(names, choice.old)
        return Columns((slugs,), new, delimiter, header=True, old_site=choice.old_site.rstrip("/"))
    return Columns(_old_places(names, choice.old, new), new, delimiter, header=True)


def _new_place(names: Sequence[str], name: str | None) -> int:
    if name:
        return _place(names, name, "--new")
    for known in NEW_COLUMNS:
        if known in names:
            return len(names) - 1 - names[::-1].index(known)
    if len(names) == 2:
        return 1
    raise LinkmillError(f"no column is named short_url; pass --new. The header has {_shown(names)}")


def _old_places(names: Sequence[str], name: str | None, new: int) -> tuple[int, ...]:
    if name:
        return (_place(names, name, "--old"),)
    plain = [SEPARATORS.sub("", each).casefold() for each in names]
    plain[new] = ""
    places = [plain.index(known) for known in OLD_NAMES if known in plain]
    if len(names) == 2:
        places.append(1 - new)
    if not places:
        raise LinkmillError(f"which column has the old links? Pass --old. The header has {_shown(names)}")
    return tuple(places)


def _slug_place(names: Sequence[str], name: str | None) -> int:
    if name:
        return _place(names, name, "--old")
    for known in SLUG_COLUMNS:
        if known in names:
            return names.index(known)
    raise LinkmillError(f"which column has the old slugs? Pass --old. The header has {_shown(names)}")


def _place(names: Sequence[str], name: str, option: str) -> int:
    if names.count(name) != 1:
        raise LinkmillError(f"{option} needs exactly one column {name!r}. The header has {_shown(names)}")
    return names.index(name)


def _shown(names: Sequence[str]) -> str:
    return ", ".join(names[:20])


def count_rows(path: str, columns: Columns) -> int:
    return sum(1 for _ in read_pairs(path, columns))


def read_pairs(path: str, columns: Columns) -> Iterator[Pair]:
    """Yield the pair of each row that has an old link."""
    csv.field_size_limit(LONGEST_CELL)
    with _open(path) as lines:
        reader = csv.reader(lines, delimiter=columns.delimiter)
        if columns.header:
            next(reader, None)
        line = reader.line_num + 1
        for row in reader:
            cell = next(filter(None, (_cell(row, place) for place in columns.old)), "")
            old = _old_link(cell, columns.old_site)
            if old:
                yield Pair(line, old, _cell(row, columns.new))
            line = reader.line_num + 1


def _cell(row: Sequence[str], place: int) -> str:
    text = row[place].strip() if place < len(row) else ""
    return text.removeprefix("'")  # results put it before what a spreadsheet would take for a formula


def _old_link(text: str, site: str) -> str:
    if not text or not site:
        return text
    return f"{site}/{text.strip('/')}"


@contextmanager
def _open(path: str) -> Iterator[Iterator[str]]:
    try:
        file = open(path, encoding="utf-8-sig", newline="")  # noqa: SIM115
    except OSError as error:
        raise LinkmillError(f"{path}: {error.strerror}") from None
    with file:
        try:
            yield iter(file)
        except (UnicodeDecodeError, csv.Error) as error:
            raise LinkmillError(f"{path} is not a CSV file in UTF-8: {error}") from None
