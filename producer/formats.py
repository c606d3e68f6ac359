"""How an upload is to be read: found out once from its first bytes, kept with the job."""

import csv
import json
from dataclasses import asdict, dataclass, field
from typing import Any

from models.errors import EmptyUpload, Invalid, Unreadable

CSV, NDJSON, COUNT = "csv", "ndjson", "count"
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
OUR_COLUMNS = ("line", "status", "short_url", "slug", "error_code", "error_message")
"""What our own results add to an upload: known, and ignored, when a mended file comes back."""

HEADER_LIMIT = 1 << 20
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
        return Layout(format_, start, shard_rows=shard_rows)
    columns, used, lines = _header(head, start)
    own = _own(columns)
    return Layout(CSV, start + used, 1 + lines, columns, own, _mapped(columns[:own], mapping), shard_rows)


def _refuse_binary(head: bytes) -> None:
    for mark, what in UNREADABLE_MARKS.items():
        if head.startswith(mark):
            raise Unreadable(f"line 1: this is {what}, not text in UTF-8")


def _header(head: bytes, start: int) -> tuple[list[str], int, int]:
    """The header's cells, and how many bytes and lines it and any blank lines before it take."""
    lines = head[start:].split(b"\n")
    blank = next((place for place, line in enumerate(lines) if line.strip()), len(lines))
    reader = csv.reader(line.decode() + "\n" for line in lines[blank:])
    try:
        cells = next(reader)
    except StopIteration:
        raise EmptyUpload("the upload has nothing but blank lines") from None
    except UnicodeDecodeError as error:
        raise Unreadable(
            f"line {blank + 1}: byte {error.object[error.start]:#04x} at {error.start + 1} is not UTF-8"
        ) from None
    except csv.Error as error:
        raise Unreadable(f"line {blank + 1}: the header cannot be read: {error}") from None
    if any("\0" in cell for cell in cells):
        raise Unreadable(f"line {blank + 1}: a NUL character in the header: this is not a text file")
    used = blank + reader.line_num
    size = sum(len(line) + 1 for line in lines[:used])
    return [cell.strip() for cell in cells], min(size, len(head) - start), used


def _own(columns: list[str]) -> int:
    """How many columns come before those that our results put behind them."""
    last = tuple(name.removeprefix("result_") for name in columns[-len(OUR_COLUMNS) :])
    return len(columns) - len(OUR_COLUMNS) if last == OUR_COLUMNS else len(columns)


def _mapped(columns: list[str], asked: dict[str, str]) -> dict[str, int]:
    names = [column.lower().replace(" ", "_") for column in columns]
    found = {name: at for at, name in enumerate(names) if name in FIELDS}
    found |= {name: _asked(columns, name, column) for name, column in asked.items()}
    if "url" not in found:
        raise Unreadable(
            f"line 1: no column is named url; the header has {json.dumps(columns[:20], ensure_ascii=False)}"
        )
    doubled = sorted({names[at] for at in found.values() if names.count(names[at]) > 1})
    if doubled:
        raise Unreadable(f"line 1: two columns are named {doubled[0]}")
    return found


def _asked(columns: list[str], name: str, column: str) -> int:
    if name not in FIELDS:
        raise Invalid(f"mapping: {name!r} is no item field")
    if column not in columns:
        raise Unreadable(f"line 1: the mapping wants a column {column!r} for {name}, and there is none")
    return columns.index(column)
