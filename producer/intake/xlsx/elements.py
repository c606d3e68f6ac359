"""The XML inside a spreadsheet, read as it comes: no part of it is ever held whole."""

import re
from array import array
from collections.abc import Callable, Iterator
from os import pread
from tempfile import TemporaryFile
from typing import IO, Any
from xml.parsers import expat

from models.errors import Unreadable

CHUNK = 1 << 14  # small: a few bytes of a chunk may each stand for the longest text there can be
LONGEST_TEXT = 1 << 16  # characters of a cell; Excel allows half of them
MOST_COLUMNS = 1 << 14
MOST_ROWS = 1 << 20
ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
LETTERS = re.compile(r"[A-Z]+")

Tick = Callable[[], None]
Element = tuple[str, dict[str, str]]
Cell = tuple[int, str, str, str]
"""Column from 0, type, style, text."""
Row = tuple[int, list[Cell]]


class Texts:
    """The texts that cells share, in a file of their own: there may be more than memory should hold."""

    def __init__(self) -> None:
        self.file = TemporaryFile()  # noqa: SIM115 - it goes with the object
        self.ends = array("Q", [0])

    def add(self, text: str) -> None:
        self.ends.append(self.ends[-1] + self.file.write(text.encode(errors="replace")))

    def __getitem__(self, at: int) -> str:
        begin = self.ends[at]
        return pread(self.file.fileno(), self.ends[at + 1] - begin, begin).decode()


def elements(source: IO[bytes], tick: Tick) -> Iterator[Element]:
    """The elements of a small part, as they begin."""
    found: list[Element] = []
    parser = _parser()
    parser.StartElementHandler = lambda name, attributes: found.append((_local(name), attributes))
    for _ in _feed(parser, source, tick):
        yield from found
        found.clear()


def texts(source: IO[bytes], tick: Tick) -> Texts:
    found, text = Texts(), Text()

    def end(name: str) -> None:
        if text.end(_local(name)) == "si":
            found.add(text.taken())

    parser = _parser()
    parser.StartElementHandler = lambda name, _: text.begin(_local(name))
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text.add
    for _ in _feed(parser, source, tick):
        pass
    found.file.flush()
    return found


def rows(source: IO[bytes], tick: Tick) -> Iterator[Row]:
    """The rows of a sheet that have anything in them, with their numbers from 1."""
    found: list[Row] = []
    sheet = Sheet(found)
    parser = _parser()
    parser.StartElementHandler, parser.EndElementHandler = sheet.begin, sheet.end
    parser.CharacterDataHandler = sheet.text.add
    for _ in _feed(parser, source, tick):
        yield from found
        found.clear()


class Text:
    """What is written in an element that may have text; how it is pronounced (rPh) is no part of it."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.size = 0
        self.open = self.spoken = False

    def begin(self, name: str) -> None:
        if name == "rPh":
            self.spoken = True
        elif name in ("t", "v"):
            self.open = not self.spoken

    def end(self, name: str) -> str:
        if name == "rPh":
            self.spoken = False
        elif name in ("t", "v"):
            self.open = False
        return name

    def add(self, part: str) -> None:
        if self.open:
            self.size += len(part)
            if self.size > LONGEST_TEXT:
                raise Unreadable(f"a cell of the spreadsheet has more than {LONGEST_TEXT:,} characters")
            self.parts.append(part)

    def taken(self) -> str:
        text = "".join(self.parts)
        self.parts, self.size = [], 0
        return ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


class Sheet:
    def __init__(self, found: list[Row]) -> None:
        self.found, self.text = found, Text()
        self.number = self.column = 0
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
        name = self.text.end(_local(name))
        if name == "c":
            self._end_cell()
        elif name == "row" and self.cells:
            self.found.append((self.number, self.cells))

    def _begin_row(self, number: int) -> None:
        if not self.number < number <= MOST_ROWS:
            raise Unreadable(f"the spreadsheet is damaged: row {number} stands behind row {self.number}")
        self.number, self.column, self.cells = number, -1, []

    def _end_cell(self) -> None:
        given = self.attributes
        column = _column(given["r"]) if "r" in given else self.column + 1
        if not self.column < column < MOST_COLUMNS:
            raise Unreadable(f"the spreadsheet is damaged: cell {given.get('r')} of row {self.number} is out of place")
        self.column = column
        if text := self.text.taken():
            self.cells.append((column, given.get("t", "n"), given.get("s", ""), text))


def _column(reference: str) -> int:
    """A is 0, Z is 25, AA is 26."""
    letters = LETTERS.match(reference)
    column = 0
    for letter in letters[0][:4] if letters else "":
        column = column * 26 + ord(letter) - 64
    return column - 1


def _feed(parser: Any, source: IO[bytes], tick: Tick) -> Iterator[None]:
    while chunk := source.read(CHUNK):
        parser.Parse(chunk, False)
        tick()
        yield
    parser.Parse(b"", True)
    yield


def _parser() -> Any:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_doctype
    return parser


def _refuse_doctype(*_: Any) -> None:
    raise Unreadable("the spreadsheet has a DOCTYPE, which no program writes: it may be an attack")


def _local(name: str) -> str:
    return name if ":" not in name else name.rpartition(":")[2]
