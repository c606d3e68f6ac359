"""A batch of columns as the binary data that PostgreSQL's COPY reads, so that the server need not parse anything.

Texts are joined with gaps between them. NumPy then writes numbers and lengths into the gaps, a column at a time.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain, repeat
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.store.dialect import Columns

SIGNATURE = b"PGCOPY\n\xff\r\n\0"
HEADER = SIGNATURE + bytes(8)  # no flags, no extension
TRAILER = b"\xff\xff"
NUMBERS = {
    "SMALLINT": ">i2",
    "INTEGER": ">i4",
    "BIGINT": ">i8",
    "BOOLEAN": ">i1",
    "DOUBLE PRECISION": ">f8",
    "DATE": ">i4",
    "TIMESTAMP WITH TIME ZONE": ">i8",
}
"""Types whose values have one width, and how they are written."""
SIZE = ">i4"  # of the length before each value
SIZE_GAP = " " * 4
NULL_SIZE = -1
FIRST_DAY = np.datetime64("2000-01-01")  # PostgreSQL counts days and moments from here
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
FIRST_MICROSECOND = 946_684_800_000_000  # since 1970

Array = NDArray[Any]
Cells = Sequence[Any]


class CopyData(NamedTuple):
    """What COPY reads, and its columns in their order."""

    names: list[str]
    parts: tuple[bytes | bytearray, ...]


class VariedColumn(NamedTuple):
    """A column whose values differ in their width."""

    sizes: Array
    """How many bytes each value takes; NULL_SIZE for none."""
    texts: Iterable[str]
    """The values, or gaps for those that are numbers."""
    numbers: Array | None = None
    """What is written into these gaps."""


def copy_binary(columns: Columns, types: Mapping[str, str], rows: int) -> CopyData:
    """Write a batch of rows. `types`: the names of PostgreSQL's types by column."""
    shared: dict[str, bytes] = {}
    fixed: dict[str, Array] = {}
    varied: dict[str, VariedColumn] = {}
    for name, column in columns.items():
        if not isinstance(column, list | range):
            shared[name] = _shared_value(column, types[name])
            continue
        cells = _numbers_or_gaps(column, types[name]) if types[name] in NUMBERS else _texts(column)
        if isinstance(cells, VariedColumn):
            varied[name] = cells
        else:
            fixed[name] = cells
    head = len(columns).to_bytes(2, "big") + b"".join(shared.values())
    body = _join(_lay_out(head, fixed.values(), rows), list(varied.values()))
    return CopyData([*shared, *fixed, *varied], (HEADER, body, TRAILER))


def _shared_value(value: Any, type_name: str) -> bytes:
    """The value of all rows behind its length."""
    if value is None:
        return _size(NULL_SIZE)
    data = _numbers([value], type_name).tobytes() if type_name in NUMBERS else str(value).encode()
    return _size(len(data)) + data


def _size(size: int) -> bytes:
    return size.to_bytes(4, "big", signed=True)


def _texts(column: Cells) -> Array | VariedColumn:
    has_none = None in column
    texts = [value or "" for value in column] if has_none else list(column)
    sizes = _byte_sizes(texts)
    width = int(sizes[0])
    if width and not has_none and (sizes == width).all():
        return np.frombuffer("".join(texts).encode(), f"V{width}")
    return VariedColumn(_without_none(sizes, column) if has_none else sizes, texts)


def _byte_sizes(texts: list[str]) -> Array:
    if not "".join(texts).isascii():
        return np.fromiter((len(text.encode()) for text in texts), np.int64, len(texts))
    return np.fromiter(map(len, texts), np.int64, len(texts))


def _without_none(sizes: Array, column: Cells) -> Array:
    sizes[[place for place, value in enumerate(column) if value is None]] = NULL_SIZE
    return sizes


def _numbers_or_gaps(column: Cells, type_name: str) -> Array | VariedColumn:
    """The numbers of a column, or gaps for them if some are missing."""
    if isinstance(column, range):
        column = np.arange(column.start, column.stop, column.step)  # type: ignore[assignment]
    elif None in column:
        numbers = _numbers([value for value in column if value is not None], type_name)
        gap = " " * numbers.itemsize
        texts = ["" if value is None else gap for value in column]
        return VariedColumn(_without_none(_byte_sizes(texts), column), texts, numbers)
    return _numbers(column, type_name)


def _numbers(values: Cells, type_name: str) -> Array:
    """Values of a type that has one width."""
    if type_name == "DATE":
        return (np.array(values, "M8[D]") - FIRST_DAY).astype(NUMBERS[type_name])
    if type_name == "TIMESTAMP WITH TIME ZONE":
        return (_microseconds(values) - FIRST_MICROSECOND).astype(NUMBERS[type_name])
    return np.array(values, NUMBERS[type_name])


def _microseconds(moments: Cells) -> Array:
    """Moments since 1970. They come as microseconds, as texts in UTC, or with a time zone."""
    if len(moments) and isinstance(moments[0], str):
        return np.array(moments, "M8[us]").astype(np.int64)
    if len(moments) and isinstance(moments[0], datetime):
        moments = [(moment - EPOCH) // MICROSECOND for moment in moments]
    return np.array(moments, np.int64)


def _lay_out(head: bytes, columns: Iterable[Array], rows: int) -> Array:
    """The beginning of each row: what all rows share, and the values of one width, each behind its length."""
    parts: list[Array] = [np.frombuffer(head, f"V{len(head)}")]
    for column in columns:
        parts.append(np.array([column.itemsize], SIZE))
        parts.append(column)
    records = np.empty(rows, [(str(place), part.dtype) for place, part in enumerate(parts)])
    for place, part in enumerate(parts):
        records[str(place)] = part
    return records


def _join(beginnings: Array, columns: list[VariedColumn]) -> bytes | bytearray:
    """Put the varied columns behind the beginnings of the rows."""
    if not columns:
        return beginnings.tobytes()
    rows = len(beginnings)
    texts: list[Iterable[str]] = [repeat(" " * beginnings.itemsize, rows)]
    for column in columns:
        texts += (repeat(SIZE_GAP, rows), column.texts)
    data = bytearray("".join(chain.from_iterable(zip(*texts, strict=True))).encode())
    widths = [np.maximum(column.sizes, 0) for column in columns]
    lengths = beginnings.itemsize + len(SIZE_GAP) * len(columns) + sum(widths)
    places = np.cumsum(lengths) - lengths
    _write(data, places, beginnings)
    places = places + beginnings.itemsize
    for column, width in zip(columns, widths, strict=True):
        _write(data, places, column.sizes.astype(SIZE))
        places = places + len(SIZE_GAP)
        if column.numbers is not None:
            _write(data, places[column.sizes != NULL_SIZE], column.numbers)
        places = places + width
    return data


def _write(data: bytearray, places: Array, values: Array) -> None:
    """Write values of one width at places of the data."""
    kind = f"V{values.itemsize}"
    # An array whose items overlap: there is one at every byte of the data.
    targets = np.ndarray(len(data) - values.itemsize + 1, kind, data, strides=(1,))
    targets[places] = values.view(kind)
