"""The formats of uploads, and how one is to be read: its layout, kept with the job."""

import re
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

CSV, NDJSON, COUNT = "csv", "ndjson", "count"
PREPARED = "prepared"  # NDJSON that our own hand wrote, where a row may be one that fails: REFUSED says of what
REFUSED = "refused"
TEXT, LINES, SHEET = "text", "lines", "sheet"
"""What the split turns into UTF-8 by lines: another encoding, also one with carriage returns for line ends, or xlsx."""
UTF8 = "utf-8"
UNDO = "undo"  # no upload at all
BOM = b"\xef\xbb\xbf"
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a spreadsheet may take for a formula when a cell begins so; the wide ones where people write Japanese."""
OUR_COLUMNS = ("line", "status", "short_url", "slug", "error_code", "error_message")
"""What our own results add to an upload: known, and ignored, when a mended file comes back."""

ESCAPE = re.compile(rb"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|u([dD][89a-fA-F]..)|.)", re.DOTALL)


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
    shard_bytes: int = 0
    """The same for rows that are long; 0: nobody asks."""
    delimiter: str = ","
    encoding: str = UTF8
    """The client's: of what is stored only until it has been turned."""
    header: bool = True
    turn: str = ""
    """What has still to be done before it is UTF-8 by lines."""
    sheet: str = ""
    """Of a spreadsheet, the sheet that has the rows."""

    def named(self) -> dict[str, str] | None:
        return {name: self.columns[at] for name, at in self.mapping.items()} if self.format == CSV else None

    def described(self) -> dict[str, Any] | None:
        """What was found out about a file, as its job shows it."""
        if self.format != CSV:
            return None
        if self.sheet or self.turn == SHEET:
            return {"sheet": self.sheet or None, "header": self.header}
        return {"delimiter": self.delimiter, "encoding": self.encoding, "header": self.header}

    def dump(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def load(data: dict[str, Any]) -> "Layout":
        return Layout(**data)


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
