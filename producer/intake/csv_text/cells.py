"""Where the cells of a CSV text are, if every quote is where RFC 4180 allows it and all rows have as many cells.

Whole arrays of bytes are compared at once: no row is looked at by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from producer.intake.csv_text.records import LARGEST_RECORD, LONGEST_RECORD, has_lone_returns

NEWLINE, RETURN, SPACE, QUOTE, DELETE = 10, 13, 32, 34, 127
SEPARATOR = "\x1f"  # in place of delimiters and line ends. A text that has it is read record by record

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class CsvCells:
    data: bytes
    """The cells of all rows without their quotes, with a separator behind each."""
    width: int
    """How many cells a row has."""
    lines: Sequence[int]
    """The line on which each row begins, counted from 0."""

    def columns(self) -> list[list[str]]:
        """The texts of all cells. Raises UnicodeDecodeError."""
        cells = self.data.decode().split(SEPARATOR)
        cells.pop()  # behind the last separator
        return [cells[place :: self.width] for place in range(self.width)]

    def bounds(self, place: int) -> tuple[Places, Places]:
        """Where the cells of a column begin and end in the data."""
        ends = np.flatnonzero(np.frombuffer(self.data, np.uint8) == ord(SEPARATOR))
        starts = np.concatenate(([0], ends[:-1] + 1))
        return starts[place :: self.width], ends[place :: self.width]

    def are_clean(self) -> bool:
        """Whether no cell has a control character."""
        text = np.frombuffer(self.data, np.uint8)
        controls = np.count_nonzero(text < SPACE) + np.count_nonzero(text == DELETE)
        return bool(controls == len(self.lines) * self.width)


def find_cells(data: bytes, delimiter: str, width: int) -> CsvCells | None:
    """Find the cells of rows that have `width` cells each; return None for any other text. Blank lines are skipped."""
    if not data.endswith(b"\n"):
        data += b"\n"
    if SEPARATOR.encode() in data or has_lone_returns(data):
        return None
    text = np.frombuffer(data, np.uint8)
    is_newline = text == NEWLINE
    ends = np.flatnonzero(is_newline | (text == ord(delimiter)))
    quotes = np.flatnonzero(text == QUOTE) if b'"' in data else ends[:0]
    if quotes.size:
        if quotes.size % 2 or not are_in_place(text, quotes, delimiter):
            return None
        ends = ends[np.searchsorted(quotes, ends) % 2 == 0]
    starts = np.concatenate(([0], ends[:-1] + 1))
    is_row_end = is_newline[ends]
    blank = _are_blank(text, starts, ends, is_row_end)
    filled = ~blank
    row_starts = starts[filled][::width]
    if not _have_width(is_row_end[filled], width):
        return None
    lines = _lines_of(row_starts, ends[is_row_end], is_newline, data)
    if lines is None:
        return None
    cells = text.copy()
    cells[ends] = ord(SEPARATOR)
    unwanted = (
        _enclosing(quotes),
        ends[blank],
        _returns(text, starts, ends, is_row_end) if b"\r" in data else ends[:0],
    )
    if any(places.size for places in unwanted):
        cells = np.delete(cells, np.concatenate(unwanted))
    return CsvCells(cells.tobytes(), width, lines)


def are_in_place(text: Bytes, quotes: Places, delimiter: str) -> bool:
    """Whether each quote opens or closes a cell, or is one of two within a quoted cell."""
    opening = quotes[0::2]
    closing = quotes[1::2]
    opens = np.isin(text[opening - 1], (ord(delimiter), NEWLINE, QUOTE)) | (opening == 0)
    # There is always a next byte: a text ends with a newline.
    closes = np.isin(text[closing + 1], (ord(delimiter), NEWLINE, RETURN, QUOTE))
    return bool(opens.all() and closes.all())


def are_short(row_ends: Places, newlines: Places, size: int) -> bool:
    """Whether no record, and not the one that is cut off at the end, is longer than records may be."""
    ends = np.concatenate(([-1], row_ends, [size - 1]))
    lines = np.diff(np.searchsorted(newlines, ends, side="right"))
    return bool(lines.max() <= LONGEST_RECORD and np.diff(ends)[lines > 1].max(initial=0) <= LARGEST_RECORD)


def _are_blank(text: Bytes, starts: Places, ends: Places, is_row_end: NDArray[np.bool]) -> NDArray[np.bool]:
    """Which of the cells are blank lines."""
    is_line = is_row_end.copy()
    is_line[1:] &= is_row_end[:-1]
    size = ends - starts
    are_blank: NDArray[np.bool] = is_line & ((size == 0) | ((size == 1) & (text[starts] == RETURN)))
    return are_blank


def _have_width(is_row_end: NDArray[np.bool], width: int) -> bool:
    """Whether every row ends behind as many cells."""
    rows = np.count_nonzero(is_row_end)
    return bool(is_row_end.size == rows * width and is_row_end[width - 1 :: width].all())


def _lines_of(row_starts: Places, row_ends: Places, is_newline: NDArray[np.bool], data: bytes) -> Sequence[int] | None:
    """The line on which each row begins; None if a row is too long."""
    if row_starts.size == np.count_nonzero(is_newline):
        return range(row_starts.size)
    newlines = np.flatnonzero(is_newline)
    if row_ends.size < newlines.size and not are_short(row_ends, newlines, len(data)):
        return None
    lines: list[int] = np.searchsorted(newlines, row_starts).tolist()
    return lines


def _enclosing(quotes: Places) -> Places:
    """The quotes that do not belong to a cell's text: those around it, and the first of two within it."""
    is_second = np.zeros(quotes.size, np.bool)
    is_second[2::2] = quotes[1:-1:2] + 1 == quotes[2::2]
    return quotes[~is_second]


def _returns(text: Bytes, starts: Places, ends: Places, is_row_end: NDArray[np.bool]) -> Places:
    """The carriage returns of line ends."""
    last = ends[is_row_end & (ends > starts)] - 1
    returns: Places = last[text[last] == RETURN]
    return returns
