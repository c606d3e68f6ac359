"""Reads the XML inside a spreadsheet as a stream: no part of it is ever in memory as a whole."""

import re
from array import array
from collections.abc import Callable, Iterator
from os import pread
from tempfile import TemporaryFile
from typing import IO, Any
from xml.parsers import expat

from models.errors import Unreadable

CHUNK_BYTES = 1 << 14  # small, since a few bytes of a chunk may each refer to the longest text
LONGEST_TEXT = 1 << 16  # characters of a cell; Excel allows half of that
MOST_COLUMNS = 1 << 14
MOST_ROWS = 1 << 20

Tick = Callable[[], None]
"""Called after every chunk, since reading a large part takes a while."""
Element = tuple[str, dict[str, str]]
"""Name and attributes."""
Cell = tuple[int, str, str, str]
"""Column from 0, type, style and text."""
SheetRow = tuple[int, list[Cell]]
"""Number from 1, and its cells that have text."""


def read_elements(source: IO[bytes], tick: Tick) -> Iterator[Element]:
    """Yields the elements of a small part as they begin."""
    elements: list[Element] = []
    parser = _new_parser()
    parser.StartElementHandler = lambda name, attributes: elements.append((_local(name), attributes))
    for _ in _feed(parser, source, tick):
        yield from elements
        elements.clear()


class SharedTexts:
    """The texts that cells share. They are in a temporary file: there may be more than fit in memory."""

    def __init__(self) -> None:
        self.file = TemporaryFile()  # noqa: SIM115 - it is closed with the object
        self.ends = array("Q", [0])

    def add(self, text: str) -> None:
        self.ends.append(self.ends[-1] + self.file.write(text.encode(errors="replace")))

    def __getitem__(self, number: int) -> str:
        begin = self.ends[number]
        return pread(self.file.fileno(), self.ends[number + 1] - begin, begin).decode()


def read_shared_texts(source: IO[bytes], tick: Tick) -> SharedTexts:
    texts = SharedTexts()
    text = TextReader()

    def end(name: str) -> None:
        name = _local(name)
        text.end(name)
        if name == "si":
            texts.add(text.take())

    parser = _new_parser()
    parser.StartElementHandler = lambda name, _: text.begin(_local(name))
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text.add
    for _ in _feed(parser, source, tick):
        pass
    texts.file.flush()
    return texts


def read_rows(source: IO[bytes], tick: Tick) -> Iterator[SheetRow]:
    """Yields the rows of a sheet that have any text."""
    rows: list[SheetRow] = []
    sheet = SheetReader(rows)
    parser = _new_parser()
    parser.StartElementHandler = sheet.begin
    parser.EndElementHandler = sheet.end
    parser.CharacterDataHandler = sheet.text.add
    for _ in _feed(parser, source, tick):
        yield from rows
        rows.clear()


class TextReader:
    """Collects the text of one element, without the pronunciation (rPh) that Japanese texts may have."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.size = 0
        self.is_open = False
        self.in_pronunciation = False

    def begin(self, name: str) -> None:
        if name == "rPh":
            self.in_pronunciation = True
        elif name in ("t", "v"):
            self.is_open = not self.in_pronunciation

    def end(self, name: str) -> None:
        if name == "rPh":
            self.in_pronunciation = False
        elif name in ("t", "v"):
            self.is_open = False

    def add(self, part: str) -> None:
        if not self.is_open:
            return
        self.size += len(part)
        if self.size > LONGEST_TEXT:
            raise Unreadable(f"A cell of the spreadsheet has more than {LONGEST_TEXT:,} characters.")
        self.parts.append(part)

    def take(self) -> str:
        """Returns the text and begins a new one."""
        text = "".join(self.parts)
        self.parts = []
        self.size = 0
        if "_x" in text:
            return ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)
        return text


ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")


class SheetReader:
    def __init__(self, rows: list[SheetRow]) -> None:
        self.rows = rows
        self.text = TextReader()
        self.number = 0
        self.column = 0
        self.cells: list[Cell] = []
        self.attributes: dict[str, str] = {}

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        name = _local(name)
        if name == "c":
            self.attributes = attributes
        elif name == "row":
            self._begin_row(int(attributes.get("r", self.number + 1)))
        else:
            self.text.begin(name)

    def end(self, name: str) -> None:
        name = _local(name)
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
        column = _column_number(attributes["r"]) if "r" in attributes else self.column + 1
        if not self.column < column < MOST_COLUMNS:
            cell = attributes.get("r")
            raise Unreadable(f"The spreadsheet is damaged: cell {cell} of row {self.number} is out of place.")
        self.column = column
        text = self.text.take()
        if text:
            self.cells.append((column, attributes.get("t", "n"), attributes.get("s", ""), text))


LETTERS = re.compile(r"[A-Z]+")


def _column_number(reference: str) -> int:
    """A is 0, Z is 25, AA is 26."""
    match = LETTERS.match(reference)
    letters = match[0][:4] if match else ""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def _feed(parser: Any, source: IO[bytes], tick: Tick) -> Iterator[None]:
    while chunk := source.read(CHUNK_BYTES):
        parser.Parse(chunk, False)
        tick()
        yield
    parser.Parse(b"", True)
    yield


def _new_parser() -> Any:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_doctype
    return parser


def _refuse_doctype(*_: Any) -> None:
    # Entities that refer to each other are how a small file becomes gigabytes.
    raise Unreadable("The spreadsheet contains a DOCTYPE, which spreadsheet programs never write.")


def _local(name: str) -> str:
    """A name without its namespace prefix."""
    if ":" not in name:
        return name
    return name.rpartition(":")[2]
