"""The rows of a sheet that have any text."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import IO

from models import process_caches
from models.errors import Unreadable
from producer.intake.xlsx.elements import (
    LONGEST_TEXT,
    TextReader,
    local_name,
    new_parser,
    plain_text,
    stands_for_itself,
)
from producer.intake.xlsx.list_parser import ListParser, Tick

MOST_COLUMNS = 1 << 14
MOST_ROWS = 1 << 20
NUMBER = "n"
"""The type of a cell that names none."""
ROW_END = "</row>"
PLAIN_ROW_OR_CELL = re.compile(
    r'<row r="([0-9]{1,7})"[^<>]*(?<!/)>'
    r'|<c r="([A-Z]{1,3})[0-9]{1,7}"(?: s="([0-9]{1,6})")?(?: t="([A-Za-z]+)")?'
    r'(?:/>|>(?:<v>([^<]*)</v>|<is><t(?: xml:space="preserve")?>([^<]*)</t></is>)?</c>)'
)
GROUPS = PLAIN_ROW_OR_CELL.groups

Cell = tuple[int, str, str, str]
"""Column from 0, type, style and text."""
SheetRow = tuple[int, list[Cell]]
"""Number from 1, and its cells that have text."""


def read_rows(source: IO[bytes], tick: Tick) -> Iterator[SheetRow]:
    """Yields the rows of a sheet that have any text."""
    rows: list[SheetRow] = []
    parser = new_parser()
    sheet = SheetReader(rows)
    list_parser = ListParser(parser, "row", sheet.read_plain)

    def begin(name: str, attributes: dict[str, str]) -> None:
        name = local_name(name)
        list_parser.begin(name)
        sheet.begin(name, attributes)

    def end(name: str) -> None:
        list_parser.end()
        sheet.end(local_name(name))

    parser.StartElementHandler = begin
    parser.EndElementHandler = end
    parser.CharacterDataHandler = sheet.text.add
    for _ in list_parser.feed(source, tick):
        yield from rows
        rows.clear()


class SheetReader:
    def __init__(self, rows: list[SheetRow]) -> None:
        self.rows = rows
        self.text = TextReader()
        self.number = 0
        self.column = 0
        self.cells: list[Cell] = []
        self.attributes: dict[str, str] = {}

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        if name == "c":
            self.attributes = attributes
        elif name == "row":
            self._begin_row(int(attributes.get("r", self.number + 1)))
        else:
            self.text.begin(name)

    def end(self, name: str) -> None:
        self.text.end(name)
        if name == "c":
            self._end_cell()
        elif name == "row" and self.cells:
            self.rows.append((self.number, self.cells))

    def _begin_row(self, number: int) -> None:
        if not self.number < number <= MOST_ROWS:
            raise Unreadable(f"The spreadsheet is damaged: row {number} follows row {self.number}.")
        self.number = number
        self.column = -1
        self.cells = []

    def _end_cell(self) -> None:
        attributes = self.attributes
        column = self.column + 1
        if "r" in attributes:
            column = _column_of(attributes["r"])
        if not self.column < column < MOST_COLUMNS:
            cell = attributes.get("r")
            raise Unreadable(f"The spreadsheet is damaged: cell {cell} of row {self.number} is out of place.")
        self.column = column
        text = self.text.take()
        if text:
            self.cells.append((column, attributes.get("t", NUMBER), attributes.get("s", ""), text))

    def read_plain(self, block: str) -> bool:
        """Reads a block without the parser, if all of its rows and cells are plain. Mistakes are left to the parser."""
        rows = read_plain_rows(block, self.number)
        if rows is None:
            return False
        self.rows.extend(row for row in rows if row[1])
        self.number = rows[-1][0]
        return True


def read_plain_rows(block: str, number: int) -> list[SheetRow] | None:
    """The rows of a block in which nothing but plain rows and cells stands, behind the row of this number."""
    parts = PLAIN_ROW_OR_CELL.split(block)
    if not _is_complete(gaps=parts[:: GROUPS + 1], row_numbers=parts[1 :: GROUPS + 1]):
        return None
    has_only_text = stands_for_itself(block)
    rows: list[SheetRow] = []
    cells: list[Cell] = []
    column = -1
    for row_number, letters, style, kind, value, inline in zip(*_groups(parts), strict=True):
        if row_number is not None:
            if not number < int(row_number) <= MOST_ROWS:
                return None
            number = int(row_number)
            column = -1
            cells = []
            rows.append((number, cells))
            continue
        text = value or inline or ""
        next_column = _column_number(letters)
        if not column < next_column < MOST_COLUMNS or len(text) > LONGEST_TEXT:
            return None
        column = next_column
        if not has_only_text:
            text = plain_text(text)
        if text:
            cells.append((column, kind or NUMBER, style or "", text))
    return rows


def _is_complete(gaps: list[str], row_numbers: list[str | None]) -> bool:
    """Whether only the ends of rows stand between what the pattern has found: then nothing was overlooked."""
    if not row_numbers or row_numbers[0] is None:
        return False
    expected = ["" if number is None else ROW_END for number in row_numbers[1:]]
    return gaps == ["", *expected, ROW_END]


def _groups(parts: list[str]) -> list[list[str]]:
    return [parts[place :: GROUPS + 1] for place in range(1, GROUPS + 1)]


LETTERS = re.compile(r"[A-Z]+")


def _column_of(reference: str) -> int:
    match = LETTERS.match(reference)
    return _column_number(match[0][:4] if match else "")


@process_caches.function
@lru_cache(MOST_COLUMNS)
def _column_number(letters: str) -> int:
    """A is 0, Z is 25, AA is 26."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1
