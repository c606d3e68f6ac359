"""Detects the layout of an upload from its first bytes."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

from models.errors import AmbiguousDates, EmptyUpload, Unreadable, field_error
from producer.fields import dates
from producer.fields.change_fields import NAMING
from producer.fields.item_fields import TIMES
from producer.intake import charsets, delimiters, headers
from producer.intake.csv_text.records import LONGEST_RECORD, Record, has_lone_returns, split_records
from producer.intake.exports.columns import look_at_values
from producer.intake.formula_cells import unescape_formula
from producer.intake.headers import ColumnMapping
from producer.intake.layouts import (
    BOM,
    CHANGES_COLUMN,
    CLICK_COLUMNS,
    COUNT,
    CSV,
    QUERY,
    RESULT_COLUMNS,
    RESULT_PREFIX,
    UTF8,
    Conversion,
    Layout,
)
from producer.intake.xlsx.rows import MOST_COLUMNS

HEADER_LIMIT = 1 << 20  # bytes
SHARD_BYTES = 16 << 20
MOST_CELLS = 1_000_000  # of a shard
ROWS_WITH_PASSWORDS = 500  # of a shard: hashing takes 30 ms each, and a shard must end well within its time limit
ROWS_TO_LOOK_AT = 50
ZIP_START = b"PK\x03\x04"
RESULT_PREFIXES = re.compile(f"^({RESULT_PREFIX})+")


class FormatHints(NamedTuple):
    """What a client says about the format of a file. Everything else is detected."""

    delimiter: str | None = None
    encoding: str | None = None
    header: bool | None = None
    url: bool = True
    """Whether a column must hold the URL. It need not when a default does."""
    scheme: str = ""
    """What is added to URLs without a scheme."""
    date_order: str | None = None
    day_numbers: bool = True
    """Whether a number can be a date: not in a workbook that counts days from 1904."""
    changes: bool = False
    """Whether the rows change or delete links that exist. Then no column needs to be the URL."""


NO_HINTS = FormatHints()


def detect_layout(
    head: bytes, format_: str, shard_rows: int, mapping: ColumnMapping, hints: FormatHints = NO_HINTS
) -> Layout:
    """Reads the beginning of an upload. Raises Unreadable when no row can be read from it."""
    headers.check_mapping(mapping, hints.changes)
    if format_ == QUERY:
        return Layout(QUERY, shard_rows=shard_rows, conversion=Conversion.QUERY, changes=True)
    if format_ == CSV and head.startswith(ZIP_START):
        return Layout(CSV, shard_rows=shard_rows, conversion=Conversion.SHEET, changes=hints.changes)
    charsets.refuse_binary(head)
    encoding = charsets.detect(_whole_lines(head), hints.encoding, may_be_western=format_ == CSV)
    text = head if encoding == UTF8 else charsets.to_utf8(head, encoding)
    conversion = Conversion.NONE if encoding == UTF8 else Conversion.TEXT
    if format_ == CSV and _ends_lines_with_returns(text):
        conversion = Conversion.LINES
        text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    start = len(BOM) if text.startswith(BOM) else 0
    offset = start if conversion == Conversion.NONE else 0  # a conversion drops the mark
    shared: dict[str, Any] = {"encoding": encoding, "conversion": conversion, "shard_bytes": SHARD_BYTES}
    shared["changes"] = hints.changes
    if format_ != CSV:
        has_passwords = format_ != COUNT and b'"password"' in text
        return Layout(format_, offset, shard_rows=_limit_rows(shard_rows, has_passwords), **shared)
    begin = _detect_csv(text[start:], len(head) >= HEADER_LIMIT, encoding, mapping, hints)
    rows = _limit_rows(shard_rows, "password" in begin.mapping, len(begin.columns))
    date_formats = _find_date_formats(_whole_lines(text)[start + begin.offset :], begin, hints)
    values = begin._asdict() | {"offset": offset + begin.offset, "shard_rows": rows, "dates": date_formats}
    return Layout(format_, **values, **shared)


def _whole_lines(head: bytes) -> bytes:
    """Leaves out the last line of a beginning, in which a character may be cut in two."""
    if len(head) < HEADER_LIMIT:
        return head
    return head[: head.rfind(b"\n") + 1] or head


class CsvBeginning(NamedTuple):
    """What the first lines of a CSV file show, by the names that a layout has for it."""

    offset: int
    line: int
    columns: list[str]
    client_columns: int
    mapping: dict[str, int]
    fallback: dict[str, int]
    slugs_from: list[str]
    delimiter: str
    header: bool


def _detect_csv(text: bytes, has_more: bool, encoding: str, mapping: ColumnMapping, hints: FormatHints) -> CsvBeginning:
    lines = text.split(b"\n")
    at = _first_filled(lines, 0)
    try:
        declared = delimiters.declared_delimiter(_decode(lines[at]))
        if declared:
            at = _first_filled(lines, at + 1)
        sample = list(map(_decode, lines[at : at + LONGEST_RECORD]))
        delimiter = hints.delimiter or declared or delimiters.sniff_delimiter(sample, mapping.values(), hints.scheme)
        first = _first_record(sample, delimiter, encoding)
        has_header, columns, client_columns = _name_columns(first, mapping, hints)
        mapped = headers.map_columns(columns[:client_columns], mapping, hints.changes)
        if hints.changes and mapped.keys().isdisjoint(NAMING):
            raise headers.no_name_column(columns)
        rows = _sample_rows(sample[first.lines if has_header else 0 :], delimiter, client_columns)
        if hints.url and not hints.changes and "url" not in mapped:
            candidates = [] if "url" in mapping else list(rows)
            mapped["url"] = headers.find_url_column(columns[:client_columns], candidates, mapped, hints.scheme)
            rows = iter(candidates)
        meaning = look_at_values(columns[:client_columns], list(islice(rows, ROWS_TO_LOOK_AT)), mapped, mapping)
    except Unreadable as error:
        raise type(error)(f"Line {at + 1}: {error}", error.errors) from None
    first_row = at + first.lines if has_header else at
    offset = sum(len(line) + 1 for line in lines[:first_row])
    if offset > len(text) and has_more:
        raise Unreadable(f"Line {at + 1}: The header is longer than {HEADER_LIMIT:,} bytes.")
    begin = min(offset, len(text))
    return CsvBeginning(begin, first_row + 1, columns, client_columns, *meaning, delimiter, has_header)


def _first_filled(lines: list[bytes], start: int) -> int:
    for place in range(start, len(lines)):
        if lines[place].strip():
            return place
    raise EmptyUpload("The upload has only blank lines.")


def _decode(line: bytes) -> str:
    return line.decode(errors="surrogateescape")


def _first_record(sample: list[str], delimiter: str, encoding: str) -> Record:
    """The header, or the first row where there is none."""
    record = next(split_records(sample, delimiter))
    text = "\n".join(sample[: record.lines])
    try:
        text.encode()
    except UnicodeEncodeError as error:
        what = f"Byte {ord(text[error.start]) - 0xDC00:#04x}" if encoding == UTF8 else "The character"
        raise Unreadable(f"{what} at position {error.start + 1} is not valid {encoding.upper()}.") from None
    if record.cells is None:
        raise Unreadable(f"The header cannot be read. {record.problem}")
    if len(record.cells) > MOST_COLUMNS:  # somebody waits while their names are looked at
        raise Unreadable(f"There are more than {MOST_COLUMNS:,} columns.")
    if "\0" in text:
        raise Unreadable("The header contains a NUL character, so this is not a text file.")
    return record


def _name_columns(first: Record, mapping: ColumnMapping, hints: FormatHints) -> tuple[bool, list[str], int]:
    """Whether there is a header, the names of all columns, and how many of them are the client's."""
    cells = [cell.strip() for cell in first.cells or []]
    has_header = hints.header
    if has_header is None:
        has_header = not any(headers.is_url(cell, hints.scheme) for cell in cells)
    first_url = "short_url" if hints.changes else "url"
    columns = cells if has_header else headers.names_without_header(cells, mapping, hints.scheme, first_url)
    client_columns = _count_client_columns(columns)
    if client_columns < len(columns):
        columns[:client_columns] = map(unescape_formula, columns[:client_columns])
    return has_header, columns, client_columns


def _sample_rows(lines: list[str], delimiter: str, width: int) -> Iterator[list[str]]:
    """The client's cells of some lines. Of a row that cannot be read, none."""
    for record in split_records(lines, delimiter):
        yield (record.cells or [])[:width]


def _count_client_columns(columns: list[str]) -> int:
    """All columns but those of our results, when they are the last ones."""
    names = tuple(RESULT_PREFIXES.sub("", name) for name in columns)
    for results in (RESULT_COLUMNS, (*RESULT_COLUMNS, CHANGES_COLUMN)):
        for added in (results, (*results, *CLICK_COLUMNS)):
            if names[-len(added) :] == added:
                return len(columns) - len(added)
    return len(columns)


def _find_date_formats(text: bytes, begin: CsvBeginning, hints: FormatHints) -> dict[str, str]:
    """The formats of columns of times, by field. The whole file is read by what its first part shows."""
    mapped_times = [name for name in TIMES if name in begin.mapping]
    if not mapped_times:
        return {}
    formats = {}
    rows = list(_sample_rows(_decode(text).split("\n"), begin.delimiter, begin.client_columns))
    for name in mapped_times:
        place = begin.mapping[name]
        cells = [row[place] for row in rows if len(row) == begin.client_columns]
        try:
            date_format = dates.find_format(cells, hints.date_order, hints.day_numbers)
        except dates.AmbiguousColumn as error:
            raise _ambiguous(begin.columns[place], error) from None
        if date_format:
            formats[name] = date_format
    return formats


def _ambiguous(column: str, reason: dates.AmbiguousColumn) -> AmbiguousDates:
    message = (
        f"The dates of the column {column!r} are ambiguous: {reason}. "
        "Choose the date order (date_order=day-first or month-first), or write them as 2026-12-31."
    )
    return AmbiguousDates(message, [field_error(message, "date_order", code=AmbiguousDates.code)])


def _ends_lines_with_returns(text: bytes) -> bool:
    """Whether lines end with a carriage return alone, as on old Macs. Cells may have line feeds even there."""
    if not has_lone_returns(text):
        return False
    unquoted = QUOTED.sub(b"", text)
    return b"\r" in unquoted and b"\n" not in unquoted


QUOTED = re.compile(rb'"[^"]*("|\Z)')


def _limit_rows(shard_rows: int, has_passwords: bool, width: int = 1) -> int:
    most = max(1, MOST_CELLS // width)
    if has_passwords:
        most = min(most, ROWS_WITH_PASSWORDS)
    return min(shard_rows, most)
