"""How an upload is to be read: found out once from its first bytes, kept with the job."""

import json
import re
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

import msgspec

from models.errors import EmptyUpload, Invalid, Unreadable
from producer.records import LONGEST_RECORD, records

T = TypeVar("T")

CSV, NDJSON, COUNT = "csv", "ndjson", "count"
PREPARED = "prepared"  # NDJSON that our own hand wrote, where a row may be one that fails: REFUSED says of what
REFUSED = "refused"
BOM = b"\xef\xbb\xbf"
FIELDS = (
    "url",
    "slug",
    "title",
    "password",
    "expires_at",
    "ttl",
    "max_clicks",
    "tags",
    "group",
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_term",
    "utm_content",
    "external_id",
)
ALIASES = {
    "long_url": "url",
    "original_url": "url",
    "target_url": "url",
    "destination_url": "url",
    "destination": "url",
    "link": "url",
    "alias": "slug",
    "custom_slug": "slug",
    "keyword": "slug",
    "expires": "expires_at",
    "expiry": "expires_at",
    "expiration": "expires_at",
    "expiration_date": "expires_at",
    "click_limit": "max_clicks",
    "tag": "tags",
}
"""What other services call these columns. Where a file has the field's own name too, that one counts."""

DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")  # what a spreadsheet may take for a formula when a cell begins so
OUR_COLUMNS = ("line", "status", "short_url", "slug", "error_code", "error_message")
"""What our own results add to an upload: known, and ignored, when a mended file comes back."""

HEADER_LIMIT = 1 << 20
PASSWORD_ROWS = 500
ESCAPE = re.compile(rb"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|u([dD][89a-fA-F]..)|.)", re.DOTALL)
UNREADABLE_MARKS = {
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
    b"PK\x03\x04": "a zip or spreadsheet",
    b"\x1f\x8b": "gzip",
}


@dataclass(frozen=True, slots=True)
class Layout:
    format: str
    offset: int = 0
    """Where the rows begin."""
    line: int = 1
    """The line on which they begin."""
    columns: list[str] = field(default_factory=list)
    own: int = 0
    """How many of the columns are the client's; what follows are our results, coming back."""
    mapping: dict[str, int] = field(default_factory=dict)
    """Item field to column."""
    shard_rows: int = 0
    """Kept with the job: a split that is done again after an upgrade must cut at the same rows."""

    def named(self) -> dict[str, str] | None:
        return {name: self.columns[at] for name, at in self.mapping.items()} if self.format == CSV else None

    def dump(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def load(data: dict[str, Any]) -> "Layout":
        return Layout(**data)


def inspect(head: bytes, format_: str, shard_rows: int, mapping: dict[str, str]) -> Layout:
    """Reads the beginning of an upload. What no row could be read from raises Unreadable."""
    _refuse_binary(head)
    start = len(BOM) if head.startswith(BOM) else 0
    if format_ != CSV:
        return Layout(format_, start, shard_rows=_bounded(shard_rows, b'"password"' in head and format_ != COUNT))
    lines = head[start:].split(b"\n")
    at = next((place for place, line in enumerate(lines) if line.strip()), None)
    if at is None:
        raise EmptyUpload("the upload has nothing but blank lines")
    try:
        columns, used = _header(lines[at : at + LONGEST_RECORD])
        own = _own(columns)
        columns[:own] = map(undone, columns[:own]) if own < len(columns) else columns[:own]
        mapped = _mapped(columns[:own], mapping)
    except Unreadable as error:
        raise Unreadable(f"line {at + 1}: {error}") from None
    end = start + sum(len(line) + 1 for line in lines[: at + used])
    if end > len(head) >= HEADER_LIMIT:
        raise Unreadable(f"line {at + 1}: the header is longer than {HEADER_LIMIT:,} bytes")
    return Layout(
        CSV, min(end, len(head)), 1 + at + used, columns, own, mapped, _bounded(shard_rows, "password" in mapped)
    )


def _bounded(shard_rows: int, passwords: bool) -> int:
    """A password takes some 30 ms to hash: a shard full of them should still end well within its time limit."""
    return min(shard_rows, PASSWORD_ROWS) if passwords else shard_rows


def from_json(decoder: msgspec.json.Decoder[T], text: bytes) -> T:
    """Reads JSON in which half a surrogate pair may be: for whoever judges the value, a character that is none."""
    try:
        return decoder.decode(text)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        whole = ESCAPE.sub(lambda found: rb"\u0000" if found[1] else found[0], text)
        if whole == text:
            raise
        return decoder.decode(whole)


def undone(text: str) -> str:
    """A cell of our results as it was before an apostrophe made it safe for spreadsheets."""
    return text[1:] if text.startswith("'") and text.lstrip("'").startswith(DANGEROUS) else text


def _refuse_binary(head: bytes) -> None:
    for mark, what in UNREADABLE_MARKS.items():
        if head.startswith(mark):
            raise Unreadable(f"line 1: this is {what}, not text in UTF-8")


def _header(lines: list[bytes]) -> tuple[list[str], int]:
    """The header's cells, and how many lines it takes."""
    record = next(records([line.decode(errors="surrogateescape") for line in lines]))
    try:
        b"\n".join(lines[: record.lines]).decode()
    except UnicodeDecodeError as error:
        raise Unreadable(f"byte {error.object[error.start]:#04x} at {error.start + 1} is not UTF-8") from None
    if record.cells is None:
        raise Unreadable(f"the header cannot be read: {record.problem}")
    if any("\0" in cell for cell in record.cells):
        raise Unreadable("a NUL character in the header: this is not text in UTF-8")
    return [cell.strip() for cell in record.cells], record.lines


def _own(columns: list[str]) -> int:
    """How many columns come before those that our results put behind them."""
    last = tuple(name.removeprefix("result_") for name in columns[-len(OUR_COLUMNS) :])
    return len(columns) - len(OUR_COLUMNS) if last == OUR_COLUMNS else len(columns)


def _mapped(columns: list[str], asked: dict[str, str]) -> dict[str, int]:
    names = ["_".join(column.lower().replace("-", " ").split()) for column in columns]
    found = {name: _asked(columns, name, column) for name, column in asked.items()}
    for name in FIELDS:
        places = _places(names, name) if name not in found else []
        if len(places) > 1:
            raise Unreadable(f"two columns stand for {name}: {columns[places[0]]!r} and {columns[places[1]]!r}")
        if places:
            found[name] = places[0]
    if "url" not in found:
        raise Unreadable(f"no column is named url; the header has {json.dumps(columns[:20], ensure_ascii=False)}")
    return found


def _places(names: list[str], field: str) -> list[int]:
    exact = [at for at, name in enumerate(names) if name == field]
    return exact or [at for at, name in enumerate(names) if ALIASES.get(name) == field]


def _asked(columns: list[str], name: str, column: str) -> int:
    if name not in FIELDS:
        field = {"pointer": f"/mapping/{name}", "code": "INVALID_VALUE", "message": "no item field"}
        raise Invalid(f"mapping: {name!r} is no item field", [field])
    if columns.count(column) != 1:
        raise Unreadable(f"the mapping wants one column {column!r} for {name}, and there is none or more than one")
    return columns.index(column)
