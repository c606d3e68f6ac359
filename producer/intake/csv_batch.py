"""Reads a shard of CSV: in one pass where each line is a row, else record by record."""

import csv
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

import numpy as np

from producer.fields import dates
from producer.intake.batch import LONGEST_EXCERPT, Batch, ItemProblem, malformed_row
from producer.intake.csv_records import Record, leaves_quote_open, split_records, split_strictly
from producer.intake.formula_cells import unescape_formula
from producer.intake.layouts import Layout

Cells = list[list[str]]

NEWLINE, SPACE, DELETE = 10, 32, 127


def read_csv(data: bytes, layout: Layout, line: int, skip: int, rows: int) -> Batch:
    return (
        _read_plain(data, layout, line, skip, rows)
        or _read_strictly(data, layout, line, skip, rows)
        or _read_records(data, layout, line, skip, rows)
    )


def _read_plain(data: bytes, layout: Layout, line: int, skip: int, rows: int) -> Batch | None:
    """The fast way, for nearly all files: each line is a row, and each row has as many cells as the header."""
    cells = _plain_cells(data, layout.delimiter)
    if cells is None:
        return None
    cells = cells[skip : skip + rows]
    if len(cells) != rows or set(map(len, cells)) != {len(layout.columns)}:
        return None
    columns = list(zip(*cells, strict=True))
    mapped = _fields_of(columns, layout)
    first = line + skip
    columns_read = _with_iso_dates(mapped, layout)
    return Batch(rows, range(first, first + rows), columns_read, {}, _row_of(mapped), clean=is_clean(data))


def _plain_cells(data: bytes, delimiter: str) -> Cells | None:
    try:
        return split_plain(data.decode(), delimiter)
    except (UnicodeDecodeError, csv.Error):
        return None


def split_plain(text: str, delimiter: str) -> Cells | None:
    """The cells of each line. None when lines and rows are not the same."""
    if '"' in text:
        return _split_quoted(text, delimiter)
    lines = _split_lines(text.replace("\r\n", "\n"))
    has_blank_line = "" in lines
    has_lone_return = "\r" in text.replace("\r\n", "")
    if has_blank_line or has_lone_return:
        return None
    return [line.split(delimiter) for line in lines]


def _split_quoted(text: str, delimiter: str) -> Cells | None:
    lines = _split_lines(text)
    cells = list(csv.reader(lines, delimiter=delimiter))
    spans_lines = len(cells) != len(lines)
    has_blank_line = [] in cells
    if spans_lines or has_blank_line or leaves_quote_open(lines[-1], delimiter):
        return None
    return cells


def _split_lines(text: str) -> list[str]:
    return text.removesuffix("\n").split("\n")


def _read_strictly(data: bytes, layout: Layout, line: int, skip: int, rows: int) -> Batch | None:
    """The way for files with line breaks in quotes, or with blank lines, if every quote is where it must be."""
    records = split_strictly(data, layout.delimiter)
    if records is None:
        return None
    records = records[skip : skip + rows]
    if len(records) != rows or {len(record.cells or ()) for record in records} != {len(layout.columns)}:
        return None
    columns = list(zip(*[record.cells or () for record in records], strict=True))
    mapped = _fields_of(columns, layout)
    lines = [line + record.at for record in records]
    # A line break in a cell is a control character: judging looks for them column by column.
    return Batch(rows, lines, _with_iso_dates(mapped, layout), {}, _row_of(mapped), clean=False)


def _read_records(data: bytes, layout: Layout, line: int, skip: int, rows: int) -> Batch:
    """The slow way, in which a bad row costs only itself."""
    lines = _split_lines(data.decode(errors="surrogateescape"))
    records = list(islice(split_records(lines, layout.delimiter), skip, skip + rows))
    width = len(layout.columns)
    problems: dict[int, ItemProblem] = {}
    cells: Cells = []
    for place, record in enumerate(records):
        row = _without_empty_end(record.cells or [], width)
        problem = record.problem or _row_problem(row, layout)
        if problem:
            problems[place] = malformed_row(line + record.at, problem)
            row = [""] * width
        cells.append(row)
    columns = list(zip(*cells, strict=True)) if cells else [()] * width
    mapped = _fields_of(columns, layout)
    first_lines = [line + record.at for record in records]
    excerpts = _excerpts(lines, records, problems, layout)
    columns_read = _with_iso_dates(mapped, layout)
    return Batch(len(records), first_lines, columns_read, problems, _row_or_excerpt(mapped, excerpts))


def _row_problem(cells: list[str], layout: Layout) -> str:
    width = len(layout.columns)
    if len(cells) != width:
        first = "header" if layout.header else "first row"
        return f"This row has {_columns(len(cells))}, but the {first} has {width}."
    try:
        "".join(cells).encode()
    except UnicodeEncodeError:
        return f"This row is not valid {layout.encoding.upper()}."
    return ""


def _columns(count: int) -> str:
    return "1 column" if count == 1 else f"{count} columns"


def _without_empty_end(row: list[str], width: int) -> list[str]:
    """Empty cells beyond the header are only delimiters at the line's end."""
    if len(row) > width and not any(row[width:]):
        return row[:width]
    return row


def _excerpts(
    lines: list[str], records: list[Record], problems: dict[int, ItemProblem], layout: Layout
) -> dict[int, str]:
    """What items keep of rows that cannot be read."""
    if "password" in layout.mapping:
        # It may stand anywhere in such a row.
        return dict.fromkeys(problems, "")
    return {place: _printable(lines[records[place].at]) for place in problems}


def _printable(text: str) -> str:
    return text.encode(errors="replace").decode()[:LONGEST_EXCERPT]


def _row_or_excerpt(columns: dict[str, list[str]], excerpts: dict[int, str]) -> Callable[[int], dict[str, Any]]:
    whole_row = _row_of(columns)

    def raw(place: int) -> dict[str, Any]:
        if place in excerpts:
            return {"row": excerpts[place]}
        return whole_row(place)

    return raw


def _row_of(columns: dict[str, list[str]]) -> Callable[[int], dict[str, Any]]:
    return lambda place: {name: values[place] for name, values in columns.items() if values[place]}


def _fields_of(columns: Sequence[Sequence[str]], layout: Layout) -> dict[str, list[str]]:
    mapped = {name: list(columns[place]) for name, place in layout.mapping.items()}
    for name, place in layout.fallback.items():
        if name in mapped:
            pairs = zip(mapped[name], columns[place], strict=True)
            mapped[name] = [cell or other for cell, other in pairs]
    return _unescaped(mapped, layout)


def _unescaped(columns: dict[str, list[str]], layout: Layout) -> dict[str, list[str]]:
    """Undoes what results did to cells, for a file that has result columns."""
    if not layout.has_result_columns:
        return columns
    return {name: list(map(unescape_formula, column)) for name, column in columns.items()}


def _with_iso_dates(columns: dict[str, list[str]], layout: Layout) -> dict[str, list[str]]:
    """The columns to work on. Rows as the client sent them keep their own dates."""
    if not layout.dates:
        return columns
    converted = {name: dates.to_iso(columns[name], date_format) for name, date_format in layout.dates.items()}
    return columns | converted


def is_clean(data: bytes) -> bool:
    """Whether the data has no control characters except for its line ends."""
    text = np.frombuffer(data, np.uint8)
    controls = np.count_nonzero(text < SPACE) + np.count_nonzero(text == DELETE)
    line_ends = np.count_nonzero(text == NEWLINE)  # bytes.count is slow where there are many
    if b"\r" in data:
        line_ends += data.count(b"\r\n")
    return bool(controls == line_ends)


def client_cells(data: bytes, layout: Layout, skip: int, rows: int) -> Cells:
    """The client's own cells as they sent them. Of a row that cannot be read: its text, as one cell."""
    width = len(layout.columns)
    cells = []
    for row in _all_cells(data, layout, skip, rows):
        row = row if len(row) == width else _without_empty_end(row, width)
        if layout.client_columns == width:
            cells.append(row)
        elif len(row) == width:
            cells.append(list(map(unescape_formula, row[: layout.client_columns])))
        else:
            cells.append([layout.delimiter.join(row)])
    return cells


def _all_cells(data: bytes, layout: Layout, skip: int, rows: int) -> Cells:
    plain = _plain_cells(data, layout.delimiter) or []
    plain = plain[skip : skip + rows]
    if len(plain) == rows:
        return plain
    lines = _split_lines(data.decode(errors="replace"))
    cells = []
    for record in islice(split_records(lines, layout.delimiter), skip, skip + rows):
        if record.cells is None:
            cells.append([lines[record.at]])
        else:
            cells.append(record.cells)
    return cells
