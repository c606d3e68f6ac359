"""CSV records one by one, as Python's csv module reads them, except that an unclosed quote costs only its row."""

import csv
from collections.abc import Iterator, Sequence
from typing import NamedTuple

LONGEST_RECORD = 200  # lines that a quoted field may span
LARGEST_RECORD = 1 << 18  # characters of a record that spans lines
LONGEST_LINE = 4 << 20  # bytes
BLANK_LINES = ("", "\r")
LONE_RETURN = "It has a carriage return without a line feed."
UNCLOSED_QUOTE = "A quote opens in this row and is not closed at the end of a field."

csv.field_size_limit(LONGEST_LINE)  # Python's own limit is lower, and depends on a quote being in the row


class Record(NamedTuple):
    at: int
    """Its first line, as a place in the list."""
    lines: int
    cells: list[str] | None
    """None when it cannot be read."""
    problem: str = ""


def split_records(lines: Sequence[str], delimiter: str = ",") -> Iterator[Record]:
    """Yields every record of some lines, each without its newline. Blank lines are skipped."""
    at = 0
    while at < len(lines):
        if lines[at] in BLANK_LINES:
            at += 1
            continue
        record = _record(lines, at, delimiter)
        yield record
        at += record.lines


def has_lone_returns(data: bytes) -> bool:
    return b"\r" in data and data.count(b"\r") > data.count(b"\r\n")


def _record(lines: Sequence[str], at: int, delimiter: str) -> Record:
    reader = csv.reader(_lines_from(lines, at), delimiter=delimiter)
    try:
        cells = next(reader)
    except csv.Error as error:
        return Record(at, 1, None, _problem(error, reader.line_num))
    record_lines = lines[at : at + reader.line_num]
    if not _is_closed(record_lines, delimiter):
        return Record(at, 1, None, UNCLOSED_QUOTE)
    return Record(at, len(record_lines), cells)


def _problem(error: csv.Error, lines_read: int) -> str:
    if lines_read > 1:
        return UNCLOSED_QUOTE
    if str(error).startswith("new-line"):  # Python's advice would puzzle the client
        return LONE_RETURN
    return f"It is not valid CSV: {error}."


def _lines_from(lines: Sequence[str], at: int) -> Iterator[str]:
    """As many lines as a record may span."""
    size = 0
    for place in range(at, min(at + LONGEST_RECORD, len(lines))):
        size += len(lines[place])
        if size > LARGEST_RECORD and place > at:
            return
        yield lines[place] + "\n"


def _is_closed(lines: Sequence[str], delimiter: str) -> bool:
    if len(lines) == 1:
        return not leaves_quote_open(lines[0], delimiter)
    # Only strict reading tells a field with newlines from a stray quote that met another one further down.
    try:
        return bool(next(csv.reader((line + "\n" for line in lines), delimiter=delimiter, strict=True)))
    except (csv.Error, StopIteration):
        return False


def leaves_quote_open(line: str, delimiter: str = ",") -> bool:
    """Whether a quote is still open at the end. On a file's last line Python's reader would accept that."""
    if '"' not in line:
        return False
    reader = csv.reader((line + "\n", "\n"), delimiter=delimiter)
    try:
        next(reader)
    except csv.Error:
        return False
    return reader.line_num > 1
