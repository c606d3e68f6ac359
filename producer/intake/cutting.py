"""Cuts an upload into shards in one pass, with a few megabytes of memory: where each begins, and its number of rows."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from models.errors import Unreadable
from producer.intake.csv_text.cells import NEWLINE, QUOTE, RETURN, Places, are_in_place, are_short
from producer.intake.csv_text.records import LARGEST_RECORD, LONGEST_LINE, has_lone_returns, split_records
from producer.intake.layouts import CSV, Layout

BLOCK_BYTES = LONGEST_LINE
LONGEST_CHARACTER = 4  # bytes

ReadBytes = Callable[[int, int], bytes]
"""Reads a part of the upload: offset and length."""


class ShardRange(NamedTuple):
    first_index: int
    line: int
    offset: int
    length: int
    rows: int
    after_index: int | None = None
    """The shard waits for all that begin before this index; None for one that need not wait."""


class RowPlaces(NamedTuple):
    """The rows of a block."""

    starts: Places
    """Where each begins, in bytes."""
    lines: Places
    """The line of the block on which each begins."""
    end: int
    end_line: int


def cut(read: ReadBytes, layout: Layout) -> Iterator[ShardRange]:
    """Yields the shards of an upload, each as soon as the next one begins."""
    index = 0
    end = layout.offset
    shard: ShardRange | None = None
    for offset, line, rows in _blocks(read, layout):
        while (at := _next_cut(rows, offset, index, shard, layout)) < rows.starts.size:
            start = offset + int(rows.starts[at])
            if shard:
                yield _closed(shard, start, index + at)
            shard = ShardRange(index + at, line + int(rows.lines[at]), start, 0, 0)
        index += rows.starts.size
        end = offset + rows.end
    if shard:
        yield _closed(shard, end, index)


def _closed(shard: ShardRange, end: int, end_index: int) -> ShardRange:
    return shard._replace(length=end - shard.offset, rows=end_index - shard.first_index)


def _next_cut(rows: RowPlaces, offset: int, index: int, shard: ShardRange | None, layout: Layout) -> int:
    """The row of the block at which the next shard begins, since the open one is full; or a place beyond the block."""
    if shard is None:
        return 0
    enough_rows = shard.first_index + layout.shard_rows - index
    if not layout.shard_bytes:
        return enough_rows
    enough_bytes = int(np.searchsorted(rows.starts, shard.offset + layout.shard_bytes - offset))
    one_row = shard.first_index + 1 - index
    return min(enough_rows, max(enough_bytes, one_row))


def _blocks(read: ReadBytes, layout: Layout) -> Iterator[tuple[int, int, RowPlaces]]:
    """Yields blocks of whole rows: the offset and line of each, and its rows."""
    offset = layout.offset
    line = layout.line
    rest = b""
    while True:
        fresh = read(offset + len(rest), BLOCK_BYTES)
        _refuse_long_line(rest, fresh, line)
        block = rest + fresh
        is_last = len(fresh) < BLOCK_BYTES
        rows = _find_rows(block, layout, is_last)
        yield offset, line, rows
        if is_last:
            return
        offset += rows.end
        line += rows.end_line
        rest = block[rows.end :]


def _refuse_long_line(rest: bytes, fresh: bytes, line: int) -> None:
    """Looks at the one line that begins in the last block and may end in this one."""
    tail = fresh.find(b"\n") if b"\n" in fresh else len(fresh)
    if len(rest) - rest.rfind(b"\n") - 1 + tail > LONGEST_LINE:
        number = line + rest.count(b"\n")
        raise Unreadable(f"Line {number} is longer than {LONGEST_LINE:,} bytes. Send text with one row on each line.")


def _find_rows(block: bytes, layout: Layout, is_last: bool) -> RowPlaces:
    if is_last and block and not block.endswith(b"\n"):
        return _find_rows(block + b"\n", layout, is_last)._replace(end=len(block))
    block = block[: block.rfind(b"\n") + 1]
    newlines = np.flatnonzero(np.frombuffer(block, np.uint8) == NEWLINE)
    if layout.format != CSV or b'"' not in block:
        return _rows_that_end_at(newlines, newlines, block)
    row_ends = _find_row_ends(block, newlines, layout.delimiter, is_last)
    if row_ends is None:
        return _rows_of_records(block, layout.delimiter, is_last)
    return _rows_that_end_at(row_ends, newlines, block)


def _rows_that_end_at(row_ends: Places, newlines: Places, block: bytes) -> RowPlaces:
    """Each of these newlines ends a row, except for blank lines."""
    if not row_ends.size:
        return RowPlaces(row_ends, row_ends, 0, 0)
    starts = np.concatenate(([0], row_ends[:-1] + 1))
    size = row_ends - starts
    text = np.frombuffer(block, np.uint8)
    filled = np.flatnonzero((size > 1) | ((size == 1) & (text[starts] != RETURN)))
    if row_ends.size == newlines.size:
        return RowPlaces(starts[filled], filled, int(newlines[-1]) + 1, newlines.size)
    lines = np.searchsorted(newlines, starts)
    end_line = int(np.searchsorted(newlines, row_ends[-1])) + 1
    return RowPlaces(starts[filled], lines[filled], int(row_ends[-1]) + 1, end_line)


def _find_row_ends(block: bytes, newlines: Places, delimiter: str, is_last: bool) -> Places | None:
    """The newlines outside of quotes, if every quote is where RFC 4180 allows it and no record is too long."""
    text = np.frombuffer(block, np.uint8)
    quotes = np.flatnonzero(text == QUOTE)
    is_incomplete = is_last and quotes.size % 2
    if is_incomplete or not are_in_place(text, quotes, delimiter):
        return None
    is_outside = np.searchsorted(quotes, newlines) % 2 == 0
    if is_outside.all():
        return newlines
    if has_lone_returns(block):  # a reader stops at them, and what follows is another record
        return None
    row_ends = newlines[is_outside]
    return row_ends if are_short(row_ends, newlines, len(block)) else None


def _rows_of_records(block: bytes, delimiter: str, is_last: bool) -> RowPlaces:
    """The slow and certain way. Records that may go on behind the block are left for the next one."""
    lines = block.split(b"\n")[:-1]
    starts = np.cumsum([0] + [len(line) + 1 for line in lines])
    texts = [line.decode(errors="surrogateescape") for line in lines]
    limit = int(starts[-1])
    if not is_last:
        limit -= LONGEST_CHARACTER * LARGEST_RECORD
    record_lines = []
    end = 0
    for record in split_records(texts, delimiter):
        if starts[record.at] >= limit:
            break
        record_lines.append(record.at)
        end = record.at + record.lines
    places = np.array(record_lines, np.int64)
    return RowPlaces(starts[places], places, int(starts[end]), end)
