"""Lines of results.csv: the client's rows to the letter, where they may be shown as they are, and no formulas."""

import csv
from collections.abc import Iterable
from typing import Any

import numpy as np

from producer.intake.csv_batch import client_cells
from producer.intake.formula_cells import FORMULA_STARTS, escape_formula
from producer.intake.layouts import Layout

LINE_END = "\r\n"
DELIMITER = ","
COMMA, NEWLINE = 44, 10
MAY_NEED_ESCAPE = frozenset((*FORMULA_STARTS, "'"))
"""First characters of cells that escape_formula must see. A test of one character is quicker than the call."""
MAY_BE_FORMULA = np.zeros(256, np.bool_)
"""The same by the first byte of a cell."""
MAY_BE_FORMULA[[start.encode()[0] for start in MAY_NEED_ESCAPE]] = True


class Lines(list[str]):
    """A list as the file of a CSV writer, which writes one text for each row."""

    write = list.append


def write_lines(rows: Iterable[Iterable[Any]]) -> list[str]:
    """Return each row as a line."""
    lines = Lines()
    csv.writer(lines, lineterminator=LINE_END).writerows(rows)
    return lines


def escape_cells(row: list[str]) -> list[str]:
    """Return the cells of a row so that none can start a formula."""
    return [escape_formula(cell) if cell[:1] in MAY_NEED_ESCAPE else cell for cell in row]


def copy_lines(data: bytes, layout: Layout, skip: int, rows: int) -> list[str] | None:
    """Return the lines of a CSV upload, each with a comma at its end, if they may be shown to the letter; None if not.

    The few rows that have an odd number of cells, or may contain a formula, are written like those of other uploads.
    """
    plain = _plain_lines(data, layout)
    if plain is None:
        return None
    lines = plain.decode().replace("\n", ",\n").split("\n")
    for row in _find_odd_rows(plain, len(layout.columns)):
        (cells,) = fitted_cells(lines[row].removesuffix(DELIMITER).encode(), layout, 0, 1)
        (line,) = write_lines([[*escape_cells(cells), ""]])
        lines[row] = line.removesuffix(LINE_END)
    return lines[skip : skip + rows]


def fitted_cells(data: bytes, layout: Layout, skip: int, rows: int) -> list[list[str]]:
    """Return the client's cells of each row at the header's width, without passwords."""
    width = layout.client_columns
    password = layout.mapping.get("password")
    return [fit_row(row, width, password, layout.delimiter) for row in client_cells(data, layout, skip, rows)]


def fit_row(row: list[str], width: int, password: int | None, delimiter: str = DELIMITER) -> list[str]:
    """The row at the header's width, its password left blank. In a malformed row that may stand in any cell."""
    if password is not None:
        if len(row) != width:
            return [""] * width
        return [*row[:password], "", *row[password + 1 :]]
    if len(row) == width:
        return row
    if len(row) < width:
        return row + [""] * (width - len(row))
    return [*row[: width - 1], delimiter.join(row[width - 1 :])]


def _plain_lines(data: bytes, layout: Layout) -> bytes | None:
    """The data with line feeds at its line ends, if each line is a row of cells that are shown as they are."""
    if layout.delimiter != DELIMITER or layout.has_result_columns or "password" in layout.mapping:
        return None
    lines = data.replace(b"\r\n", b"\n").removesuffix(b"\n") + b"\n"
    has_blank_line = lines.startswith(b"\n") or b"\n\n" in lines
    if has_blank_line or b"\r" in lines or b'"' in lines or not _is_utf8(lines):
        return None
    return lines


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _find_odd_rows(lines: bytes, width: int) -> list[int]:
    """The rows that have another number of cells than the header, or a cell that may have to be escaped."""
    text = np.frombuffer(lines, np.uint8)
    cell_ends = np.flatnonzero((text == COMMA) | (text == NEWLINE))
    row_ends = np.flatnonzero(text[cell_ends] == NEWLINE)
    odd_widths = np.flatnonzero(np.diff(row_ends, prepend=-1) != width)
    cell_starts = np.concatenate(([0], cell_ends[:-1] + 1))
    odd_cells = np.flatnonzero(MAY_BE_FORMULA[text[cell_starts]])
    rows: list[int] = np.union1d(odd_widths, np.searchsorted(row_ends, odd_cells)).tolist()
    return rows
