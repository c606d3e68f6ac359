"""CSV records one by one, as Python reads them, except that an unbalanced quote costs one row and not the file."""

import csv
from collections.abc import Iterator, Sequence
from typing import NamedTuple

LONGEST_RECORD = 200  # lines that a quoted field may span
LARGEST_RECORD = 1 << 18  # characters, of one that spans lines
LONGEST_LINE = 4 << 20  # bytes
BLANK = ("", "\r")
LONE_RETURN = "a carriage return that no line feed follows"
PROBLEMS = {"new-line": LONE_RETURN}  # where Python's own words would puzzle
NEVER_CLOSED = "a quote opens here and is not closed where a field ends"

csv.field_size_limit(LONGEST_LINE)  # a cell is not too long for having a quote in its neighbourhood


class Record(NamedTuple):
    at: int
    """The first of its lines, as a place in the list."""
    lines: int
    cells: list[str] | None
    problem: str = ""


def records(lines: Sequence[str], delimiter: str = ",") -> Iterator[Record]:
    """Every record of some lines (each without its newline); blank lines are none."""
    at = 0
    while at < len(lines):
        if lines[at] in BLANK:
            at += 1
            continue
        record = _record(lines, at, delimiter)
        yield record
        at += record.lines


def never_closed(line: str, delimiter: str = ",") -> bool:
    """Whether a quote is still open at the line's end: where nothing follows, Python's reader takes it for closed."""
    if '"' not in line:
        return False
    reader = csv.reader((line + "\n", "\n"), delimiter=delimiter)
    try:
        next(reader)
    except csv.Error:
        return False
    return reader.line_num > 1


def _record(lines: Sequence[str], at: int, delimiter: str) -> Record:
    reader = csv.reader(_ahead(lines, at), delimiter=delimiter)
    try:
        cells = next(reader)
    except csv.Error as error:
        return Record(at, 1, None, NEVER_CLOSED if reader.line_num > 1 else PROBLEMS.get(str(error)[:8], str(error)))
    used = reader.line_num
    closed = _balanced(lines[at : at + used], delimiter) if used > 1 else not never_closed(lines[at], delimiter)
    return Record(at, used, cells) if closed else Record(at, 1, None, NEVER_CLOSED)


def _ahead(lines: Sequence[str], at: int) -> Iterator[str]:
    size = 0
    for place in range(at, min(at + LONGEST_RECORD, len(lines))):
        size += len(lines[place])
        if size > LARGEST_RECORD and place > at:
            return
        yield lines[place] + "\n"


def _balanced(lines: Sequence[str], delimiter: str) -> bool:
    """Only a strict reading tells a field with newlines from a stray quote that found another one further down."""
    try:
        return bool(next(csv.reader((line + "\n" for line in lines), delimiter=delimiter, strict=True)))
    except (csv.Error, StopIteration):
        return False
