"""Reads a shard of CSV: all cells at once where every quote is in its place, else record by record."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any

import numpy as np

from producer.fields import dates
from producer.intake.batch import LONGEST_EXCERPT, Batch, ItemProblem, malformed_row
from producer.intake.csv_text.cells import DELETE, NEWLINE, SPACE, CsvCells, find_cells
from producer.intake.csv_text.records import Record, split_records
from producer.intake.formula_cells import unescape_formula
from producer.intake.layouts import Layout

Cells = list[list[str]]


def read_csv(data: bytes, layout: Layout, line: int, skip: int, rows: int) -> Batch:
    cells = find_cells(data, layout.delimiter, len(layout.columns))
    batch = batch_of(cells, layout, line, skip, rows) if cells else None
    return batch or _read_records(data, layout, line, skip, rows)


def batch_of(cells: CsvCells, layout: Layout, line: int, skip: int, rows: int) -> Batch | None:
    """The fast way, for nearly all files. None if there are too few rows, or they are not UTF-8."""
    lines = cells.lines[skip : skip + rows]
    if len(lines) != rows:
        return None
    try:
        columns = [column[skip : skip + rows] for column in cells.columns()]
    except UnicodeDecodeError:
        return None
    mapped = _fields_of(columns, layout)
    is_plain = isinstance(lines, range)
    lines = range(line + lines[0], line + lines[0] + rows) if is_plain else [line + at for at in lines]
    return Batch(rows, lines, _with_iso_dates(mapped, layout), {}, _row_of(mapped), clean=cells.are_clean())


def _split_lines(text: str) -> list[str]:
    return text.removesuffix("\n").split("\n")


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


def _fields_of(columns: Sequence[Sequence[str]], layout: Layout) -> dict[str, list[Any]]:
    mapped = {name: list(columns[place]) for name, place in layout.mapping.items()}
    for name, place in layout.fallback.items():
        if name in mapped:
            pairs = zip(mapped[name], columns[place], strict=True)
            mapped[name] = [cell or other for cell, other in pairs]
    return _unescaped(mapped, layout)


def _unescaped(columns: dict[str, list[str]], layout: Layout) -> dict[str, list[Any]]:
    """Undoes what results did to cells, for a file that has result columns."""
    if not layout.has_result_columns:
        return columns
    original: dict[str, list[Any]] = {name: list(map(unescape_formula, column)) for name, column in columns.items()}
    if "password" in original:
        # Results leave passwords blank: such a cell must not clear the password of a link.
        original["password"] = [cell or None for cell in original["password"]]
    return original


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
    plain = find_cells(data, layout.delimiter, len(layout.columns))
    if plain and len(plain.lines) >= skip + rows:
        with suppress(UnicodeDecodeError):
            return list(map(list, zip(*plain.columns(), strict=True)))[skip : skip + rows]
    lines = _split_lines(data.decode(errors="replace"))
    cells = []
    for record in islice(split_records(lines, layout.delimiter), skip, skip + rows):
        if record.cells is None:
            cells.append([lines[record.at]])
        else:
            cells.append(record.cells)
    return cells
