"""Where the cells of a plain CSV text lie in its bytes, so that only those of keys are read."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from producer.intake.batch import Batch
from producer.intake.csv_batch import NEWLINE, is_clean
from producer.intake.layouts import Layout

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PlainCells:
    """The cells of a text without quotes, whose lines have as many cells as the file has columns."""

    data: bytes
    ends: Places
    """Where each cell ends, by line and column."""

    def column(self, place: int) -> tuple[Places, Places]:
        """Where the cells of a column begin and end."""
        ends = self.ends[:, place]
        if place:
            return self.ends[:, place - 1] + 1, ends
        return np.concatenate(([0], self.ends[:-1, -1] + 1)), ends

    def texts(self, place: int) -> list[str]:
        starts, ends = self.column(place)
        return [self.data[start:end].decode() for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]

    def batch(self, mapping: Mapping[str, int], line: int) -> Batch | None:
        """The mapped columns, with the cells of rows that fail too; None if they are not UTF-8."""
        try:
            columns = {name: self.texts(place) for name, place in mapping.items()}
        except UnicodeDecodeError:
            return None
        rows = len(self.ends)
        return Batch(rows, range(line, line + rows), columns, {}, lambda _place: {}, clean=is_clean(self.data))


def find_cells(data: bytes, layout: Layout) -> PlainCells | None:
    """Find the cells of a text that is plain; return None for any other."""
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n")
    if b'"' in data or b"\r" in data:
        return None
    if not data.endswith(b"\n"):
        data += b"\n"
    text = np.frombuffer(data, np.uint8)
    is_newline = text == NEWLINE
    ends = np.flatnonzero(is_newline | (text == ord(layout.delimiter)))
    rows = np.count_nonzero(is_newline)
    width = len(layout.columns)
    if ends.size != rows * width:
        return None
    cells = PlainCells(data, ends.reshape(rows, width))
    return cells if is_newline[cells.ends[:, -1]].all() else None
