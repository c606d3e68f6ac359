"""The layout of an upload: its format and how to read its rows. It is stored with the job."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

CSV = "csv"
NDJSON = "ndjson"
COUNT = "count"
"""One item in JSON that stands for many rows."""
PREPARED = "prepared"
"""NDJSON that this program wrote. A row that is known to fail has its error code and message under REFUSED."""
REFUSED = "refused"
QUERY = "query"
"""No rows yet: a worker writes down the ids of the links that a filter matches, as PREPARED."""
UNDO = "undo"
"""No upload at all."""

UTF8 = "utf-8"
BOM = b"\xef\xbb\xbf"
RESULT_COLUMNS = ("line", "status", "short_url", "slug", "error_code", "error_message")
"""The columns that results add to an upload. They are ignored when a corrected file comes back."""
RESULT_PREFIX = "result_"
"""Stands before the name of such a column, as often as needed, if the upload has a column of that name."""
CHANGES_COLUMN = "changes"
"""One more, of jobs that change links."""
OWN = "own"
"""Stands for the columns of the upload where columns of results are chosen."""
CLICK_COLUMNS = ("clicks", "first_click", "last_click")
"""Further ones, of results with clicks."""


def result_names(client_names: Sequence[str], columns: Sequence[str]) -> list[str]:
    """The names of our columns, each with a prefix where the upload has a column of that name."""
    return [_prefix_until_free(name, client_names) for name in columns]


def _prefix_until_free(name: str, client_names: Sequence[str]) -> str:
    while name in client_names:
        name = RESULT_PREFIX + name
    return name


class Conversion(StrEnum):
    """What a worker must do before an upload is UTF-8 with a row on each line."""

    NONE = ""
    TEXT = "text"
    """Decode another encoding."""
    LINES = "lines"
    """The same, and turn the line ends, which are carriage returns, into line feeds."""
    SHEET = "sheet"
    """Write the sheet of a spreadsheet as CSV."""
    QUERY = "query"
    """Write down the ids of the links that a filter matches."""


@dataclass(frozen=True, slots=True)
class Layout:
    format: str
    offset: int = 0
    """The byte at which the rows begin."""
    line: int = 1
    """The line on which they begin."""
    columns: list[str] = field(default_factory=list)
    client_columns: int = 0
    """How many of the columns are the client's. The others are RESULT_COLUMNS that come back."""
    mapping: dict[str, int] = field(default_factory=dict)
    """Item field to the place of its column."""
    fallback: dict[str, int] = field(default_factory=dict)
    """The place of the column that is read where a field's own is empty."""
    slugs_from: list[str] = field(default_factory=list)
    """The hosts of the short links whose slugs are kept, as far as the first rows show."""
    shard_rows: int = 0
    """Stored, since a split that is repeated after an upgrade must cut at the same rows."""
    shard_bytes: int = 0
    """The same for long rows; 0 means no limit."""
    delimiter: str = ","
    encoding: str = UTF8
    """The client's encoding. Once the upload is converted, the stored bytes are UTF-8."""
    header: bool = True
    conversion: Conversion = Conversion.NONE
    sheet: str = ""
    """The name of the sheet that the rows come from."""
    dates: dict[str, str] = field(default_factory=dict)
    """Item field to the format of its dates, where that is not ISO 8601."""
    changes: bool = False
    """Whether the rows change or delete links that exist, and so may have the fields for that."""

    @property
    def has_result_columns(self) -> bool:
        return self.client_columns < len(self.columns)

    @property
    def is_plainly_mapped(self) -> bool:
        """Whether each field is the cell of one column, to the letter."""
        return self.format == CSV and not self.fallback and not self.has_result_columns

    @property
    def empty_clears(self) -> bool:
        """Whether an empty member of a row clears a field of its link."""
        return self.changes and self.format != CSV

    def mapped_columns(self) -> dict[str, str] | None:
        """Item field to the name of its column, for CSV."""
        if self.format != CSV:
            return None
        return {name: self.columns[place] for name, place in self.mapping.items()}

    def description(self) -> dict[str, Any] | None:
        """What was detected about a file, as its job shows it."""
        if self.format != CSV:
            return None
        shown: dict[str, Any] = {"header": self.header}
        if self.dates:
            shown["dates"] = self.dates
        if self.slugs_from:
            shown["slugs_from"] = self.slugs_from
        if self.sheet or self.conversion == Conversion.SHEET:
            return {"sheet": self.sheet or None} | shown
        return {"delimiter": self.delimiter, "encoding": self.encoding} | shown

    def dump(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def load(stored: dict[str, Any]) -> "Layout":
        values = {FORMER_NAMES.get(name, name): value for name, value in stored.items()}
        conversion = Conversion(values.pop("conversion", Conversion.NONE))
        return Layout(**values, conversion=conversion)


FORMER_NAMES = {"own": "client_columns", "turn": "conversion"}
"""Jobs of earlier versions have stored layouts with these names."""
