"""Reads the XML inside a spreadsheet as a stream: no part of it is ever in memory as a whole."""

import re
from collections.abc import Iterator
from typing import IO, Any
from xml.parsers import expat

from models.errors import Unreadable
from producer.intake.xlsx.list_parser import CHUNK_BYTES, Tick

LONGEST_TEXT = 1 << 16  # characters of a cell; Excel allows half of that
ENTITIES = {"&lt;": "<", "&gt;": ">", "&quot;": '"', "&apos;": "'", "&amp;": "&"}
"""The last one must be replaced last."""
ESCAPE_BEGIN = "_x"
ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")

Element = tuple[str, dict[str, str]]
"""Name and attributes."""


def read_elements(source: IO[bytes], tick: Tick) -> Iterator[Element]:
    """Yields the elements of a small part as they begin."""
    elements: list[Element] = []
    parser = new_parser()
    parser.StartElementHandler = lambda name, attributes: elements.append((local_name(name), attributes))
    while chunk := source.read(CHUNK_BYTES):
        parser.Parse(chunk, False)
        tick()
        yield from elements
        elements.clear()
    parser.Parse(b"", True)
    yield from elements


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
        return unescape(text)


def unescape(text: str) -> str:
    """Puts characters in place of the escapes that spreadsheets have beside those of XML."""
    if ESCAPE_BEGIN not in text:
        return text
    return ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)


def stands_for_itself(text: str) -> bool:
    """Whether a text has neither entities nor escapes."""
    return "&" not in text and ESCAPE_BEGIN not in text


def plain_text(text: str) -> str:
    """The text that stands for itself between two tags, except for the entities that XML names."""
    if "&" not in text:
        return unescape(text)
    for entity, character in ENTITIES.items():
        text = text.replace(entity, character)
    return unescape(text)


def new_parser() -> Any:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_doctype
    return parser


def _refuse_doctype(*_: Any) -> None:
    # Entities that refer to each other are how a small file becomes gigabytes.
    raise Unreadable("The spreadsheet contains a DOCTYPE, which spreadsheet programs never write.")


def local_name(name: str) -> str:
    """A name without its namespace prefix."""
    if ":" not in name:
        return name
    return name.rpartition(":")[2]
