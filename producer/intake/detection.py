"""inspect: how an upload is made, found out once from its first bytes."""

import re
from dataclasses import replace
from typing import NamedTuple

from models.errors import EmptyUpload, Unreadable
from producer.intake import charsets, delimiters, headers
from producer.intake.csv_records import LONGEST_RECORD, Record, records
from producer.intake.formats import BOM, COUNT, CSV, LINES, OUR_COLUMNS, SHEET, TEXT, UTF8, Layout, undone

HEADER_LIMIT = 1 << 20
PASSWORD_ROWS = 500
MOST_CELLS = 1_000_000
SHARD_BYTES = 16 << 20
ZIP = b"PK\x03\x04"
QUOTED = re.compile(rb'"[^"]*("|\Z)')


class Asked(NamedTuple):
    """What a client says of a file itself; the rest is found out."""

    delimiter: str | None = None
    encoding: str | None = None
    header: bool | None = None
    url: bool = True
    """Whether some column has to stand for it: a default may do as well."""


NOTHING_ASKED = Asked()


def inspect(head: bytes, format_: str, shard_rows: int, mapping: headers.Asked, asked: Asked = NOTHING_ASKED) -> Layout:
    """Reads the beginning of an upload. What no row could be read from raises Unreadable."""
    headers.refuse_unknown(mapping)
    if format_ == CSV and head.startswith(ZIP):
        return Layout(CSV, shard_rows=shard_rows, turn=SHEET)
    charsets.refuse_binary(head)
    more = len(head) >= HEADER_LIMIT
    whole = head[: head.rfind(b"\n") + 1] if more else head  # no letter is cut in two
    encoding = charsets.found(whole or head, asked.encoding, western=format_ == CSV)
    text = head if encoding == UTF8 else charsets.text(head, encoding)
    returns = format_ == CSV and _has_returns(text)
    turn = LINES if returns else TEXT if encoding != UTF8 else ""
    if returns:
        text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    start = len(BOM) if text.startswith(BOM) else 0
    made = Layout(format_, 0 if turn else start, encoding=encoding, turn=turn, shard_bytes=SHARD_BYTES)
    if format_ != CSV:
        secret = b'"password"' in text and format_ != COUNT
        return replace(made, shard_rows=_bounded(shard_rows, secret))
    found = _csv(text[start:], more, encoding, mapping, asked)
    rows = _bounded(shard_rows, "password" in found.mapping, len(found.columns))
    return replace(made, **found._asdict() | {"offset": made.offset + found.offset, "shard_rows": rows})


class Found(NamedTuple):
    """What the first lines of a CSV show, by the names that a layout has for it."""

    offset: int
    line: int
    columns: list[str]
    own: int
    mapping: dict[str, int]
    delimiter: str
    header: bool


def _csv(text: bytes, more: bool, encoding: str, mapping: headers.Asked, asked: Asked) -> Found:
    lines = text.split(b"\n")
    at = _filled(lines, 0)
    try:
        declared = delimiters.declared(_text(lines[at]))
        at = _filled(lines, at + 1) if declared else at
        sample = [_text(line) for line in lines[at : at + LONGEST_RECORD]]
        delimiter = asked.delimiter or declared or delimiters.sniffed(sample, mapping.values())
        first = _first(sample, delimiter, encoding)
        found = _named(first, mapping, asked)
    except Unreadable as error:
        raise Unreadable(f"line {at + 1}: {error}") from None
    begin = at + first.lines if found.header else at
    end = sum(len(line) + 1 for line in lines[:begin])
    if end > len(text) and more:
        raise Unreadable(f"line {at + 1}: the header is longer than {HEADER_LIMIT:,} bytes")
    return found._replace(offset=min(end, len(text)), line=1 + begin, delimiter=delimiter)


def _filled(lines: list[bytes], at: int) -> int:
    """The first line from here that has something in it."""
    place = next((place for place in range(at, len(lines)) if lines[place].strip()), None)
    if place is None:
        raise EmptyUpload("the upload has nothing but blank lines")
    return place


def _text(line: bytes) -> str:
    return line.decode(errors="surrogateescape")


def _first(sample: list[str], delimiter: str, encoding: str) -> Record:
    """The first record: the header, where there is one."""
    record = next(records(sample, delimiter))
    whole = "\n".join(sample[: record.lines])
    try:
        whole.encode()
    except UnicodeEncodeError as error:
        byte = f"byte {ord(whole[error.start]) - 0xDC00:#04x}" if encoding == UTF8 else "what stands"
        raise Unreadable(f"{byte} at {error.start + 1} is not {encoding.upper()}") from None
    if record.cells is None:
        raise Unreadable(f"the header cannot be read: {record.problem}")
    if "\0" in whole:
        raise Unreadable("a NUL character in the header: this is not text")
    return record


def _named(first: Record, mapping: headers.Asked, asked: Asked) -> Found:
    cells = [cell.strip() for cell in first.cells or []]
    header = asked.header if asked.header is not None else not headers.is_url(cells[0])
    columns = cells if header else headers.numbered(len(cells), mapping)
    own = _own(columns)
    if own < len(columns):
        columns[:own] = map(undone, columns[:own])
    return Found(0, 0, columns, own, headers.mapped(columns[:own], mapping, asked.url), "", header)


def _own(columns: list[str]) -> int:
    """How many columns come before those that our results put behind them."""
    last = tuple(name.removeprefix("result_") for name in columns[-len(OUR_COLUMNS) :])
    return len(columns) - len(OUR_COLUMNS) if last == OUR_COLUMNS else len(columns)


def _has_returns(text: bytes) -> bool:
    """Whether lines end with a carriage return alone, as on an old Mac; cells may have line feeds even there."""
    if text.count(b"\r") == text.count(b"\r\n"):
        return False
    bare = QUOTED.sub(b"", text)
    return b"\r" in bare and b"\n" not in bare


def _bounded(shard_rows: int, passwords: bool, width: int = 1) -> int:
    """A password takes some 30 ms to hash: a shard full of them should still end well within its time limit."""
    most = max(1, MOST_CELLS // width)
    return min(shard_rows, PASSWORD_ROWS, most) if passwords else min(shard_rows, most)
