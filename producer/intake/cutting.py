"""Cuts an upload into shards: where each begins and how many rows it has, in one pass, holding a few megabytes."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.errors import Unreadable
from producer.intake.csv_records import LARGEST_RECORD, LONGEST_LINE, records
from producer.intake.formats import CSV, Layout

BLOCK = LONGEST_LINE
LONGEST_CHARACTER = 4  # bytes
QUOTE, NEWLINE, RETURN = 34, 10, 13
BEFORE_QUOTE = (NEWLINE, QUOTE)  # or the delimiter
BEHIND_QUOTE = (NEWLINE, RETURN, QUOTE)

Places = NDArray[np.int64]
Read = Callable[[int, int], bytes]


class Rows(NamedTuple):
    """The rows found in a block: where each begins, where the last ends, and on which lines of the block they begin."""

    starts: Places
    lines: Places
    end: int
    end_line: int


class Shard(NamedTuple):
    first_index: int
    line: int
    offset: int
    length: int
    rows: int


def cut(read: Read, layout: Layout) -> Iterator[Shard]:
    """The shards of an upload, each as soon as the next one begins."""
    index, end = 0, layout.offset
    begun: Shard | None = None
    for offset, line, rows in _blocks(read, layout):
        while (at := _next(rows, offset, index, begun, layout)) < rows.starts.size:
            start = offset + int(rows.starts[at])
            if begun:
                yield begun._replace(length=start - begun.offset, rows=index + at - begun.first_index)
            begun = Shard(index + at, line + int(rows.lines[at]), start, 0, 0)
        index, end = index + rows.starts.size, offset + rows.end
    if begun:
        yield begun._replace(length=end - begun.offset, rows=index - begun.first_index)


def _next(rows: Rows, offset: int, index: int, begun: Shard | None, layout: Layout) -> int:
    """Where in the block the next shard begins: when this one has all its rows, or as many bytes as one may have."""
    if begun is None:
        return 0
    full = begun.first_index + layout.shard_rows - index
    if not layout.shard_bytes:
        return full
    heavy = int(np.searchsorted(rows.starts, begun.offset + layout.shard_bytes - offset))
    return min(full, max(heavy, begun.first_index + 1 - index))


def _blocks(read: Read, layout: Layout) -> Iterator[tuple[int, int, Rows]]:
    """Blocks of whole rows, with the offset and line of each."""
    offset, line, held = layout.offset, layout.line, b""
    while True:
        fresh = read(offset + len(held), BLOCK)
        _refuse_long(held, fresh, line)
        block, last = held + fresh, len(fresh) < BLOCK
        rows = _rows(block, layout, last)
        yield offset, line, rows
        offset, line, held = offset + rows.end, line + rows.end_line, block[rows.end :]
        if last:
            return


def _refuse_long(held: bytes, fresh: bytes, line: int) -> None:
    """Looks at the one line that a block begins in and the next one may end."""
    rest = fresh.find(b"\n") if b"\n" in fresh else len(fresh)
    if len(held) - held.rfind(b"\n") - 1 + rest > LONGEST_LINE:
        at = line + held.count(b"\n")
        raise Unreadable(f"line {at}: longer than {LONGEST_LINE:,} bytes: this is not text by lines")


def _rows(block: bytes, layout: Layout, last: bool) -> Rows:
    if last and block and not block.endswith(b"\n"):
        return _rows(block + b"\n", layout, last)._replace(end=len(block))
    block = block[: block.rfind(b"\n") + 1]
    newlines = np.flatnonzero(np.frombuffer(block, np.uint8) == NEWLINE)
    if layout.format != CSV or b'"' not in block or _one_line_each(block, newlines, ord(layout.delimiter)):
        return _whole(block, newlines)
    return _one_by_one(block, layout.delimiter, last)


def _whole(block: bytes, newlines: Places) -> Rows:
    """A row a line, less the blank ones."""
    if not newlines.size:
        return Rows(newlines, newlines, 0, 0)
    starts = np.concatenate(([0], newlines[:-1] + 1))
    size = newlines - starts
    text = np.frombuffer(block, np.uint8)
    filled = np.flatnonzero((size > 1) | ((size == 1) & (text[starts] != RETURN)))
    return Rows(starts[filled], filled, int(newlines[-1]) + 1, newlines.size)


def _one_line_each(block: bytes, newlines: Places, delimiter: int) -> bool:
    """Whether every quote is where RFC 4180 has it and no quoted field spans lines: then a newline ends a row."""
    text = np.frombuffer(block, np.uint8)
    quotes = np.flatnonzero(text == QUOTE)
    opening, closing = quotes[0::2], quotes[1::2]
    if opening.size != closing.size:
        return False
    opens = np.isin(text[opening - 1], (delimiter, *BEFORE_QUOTE)) | (opening == 0)
    closes = np.isin(text[closing + 1], (delimiter, *BEHIND_QUOTE))  # there is one: a block ends with a newline
    return bool(opens.all() and closes.all() and not (np.searchsorted(quotes, newlines) % 2).any())


def _one_by_one(block: bytes, delimiter: str, last: bool) -> Rows:
    """The slow and certain way. Records that may go on behind the block wait for the next one."""
    lines = block.split(b"\n")[:-1]
    at = np.cumsum([0] + [len(line) + 1 for line in lines])
    texts = [line.decode(errors="surrogateescape") for line in lines]
    limit = int(at[-1]) if last else int(at[-1]) - LONGEST_CHARACTER * LARGEST_RECORD
    found, end = [], 0
    for record in records(texts, delimiter):
        if at[record.at] >= limit:
            break
        found.append(record.at)
        end = record.at + record.lines
    places = np.array(found, np.int64)
    return Rows(at[places], places, int(at[end]), end)
