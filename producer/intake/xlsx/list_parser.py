"""Reads the long lists of a spreadsheet, its rows and its shared texts, in blocks that end with an item.

Nearly all programs write their items in the same plain way. A block of plain items is read by a regular expression. All
other blocks go through the parser, which understands everything and takes several times as long.
"""

import re
from collections.abc import Callable, Iterator
from typing import IO, Any

CHUNK_BYTES = 1 << 16
LARGEST_BLOCK = 1 << 20  # bytes; one item may be as long as the whole list
CONTROLS = bytes(set(range(32)) - set(b"\t\n"))
"""Not allowed in XML, except for the carriage return, in whose place a parser puts a line feed."""
OTHER_MARKUP = (b"<!", b"<?")
"""Comments and the like, in which text may look like items."""
DECLARATIONS = (b"<?xml", b"\xef\xbb\xbf<?xml")
OTHER_REFERENCE = re.compile(rb"&(?!(?:amp|lt|gt|quot|apos);)")

Tick = Callable[[], None]
"""Called after every block, since reading a large part takes a while."""
PlainReader = Callable[[str], bool]
"""Reads a block of plain items. Returns False, and has no effect, when some item is not plain."""


class ListParser:
    """Feeds a parser with a list, except for the blocks of plain items."""

    def __init__(self, parser: Any, item: str, read_plain: PlainReader) -> None:
        self.parser = parser
        self.item = item
        self.end_tag = f"</{item}>".encode()
        self.read_plain = read_plain
        self.depth = 0
        self.list_depth = -1
        self.may_skip = True
        parser.XmlDeclHandler = self._check_encoding

    def begin(self, name: str) -> None:
        """Note that the parser has begun an element."""
        if name == self.item:
            self.list_depth = self.depth
        self.depth += 1

    def end(self) -> None:
        """Note that the parser has ended an element."""
        self.depth -= 1

    def feed(self, source: IO[bytes], tick: Tick) -> Iterator[None]:
        """Yields after every block."""
        for block in self._blocks(source):
            if not self._skip(block):
                self.parser.Parse(block, False)
            tick()
            yield
        self.parser.Parse(b"", True)
        yield

    def _blocks(self, source: IO[bytes]) -> Iterator[bytes]:
        block = b""
        while chunk := source.read(CHUNK_BYTES):
            block += chunk
            end = block.rfind(self.end_tag) + len(self.end_tag)
            if self.may_skip and end >= len(self.end_tag):
                yield block[:end]
                block = block[end:]
            elif not self.may_skip or len(block) > LARGEST_BLOCK:
                self.may_skip = False  # a block that ends anywhere may end inside a comment
                yield block
                block = b""
        yield block

    def _skip(self, block: bytes) -> bool:
        """Whether a block was read without the parser."""
        is_first = self.depth == 0
        if is_first and block.startswith(DECLARATIONS):
            block = block.partition(b"?>")[2]
        if any(mark in block for mark in OTHER_MARKUP):
            self.may_skip = False
        if is_first or not self.may_skip or self.depth != self.list_depth or not _has_plain_characters(block):
            return False
        try:
            return self.read_plain(block.decode())
        except UnicodeDecodeError:
            return False

    def _check_encoding(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding and encoding.lower() != "utf-8":
            self.may_skip = False


def _has_plain_characters(block: bytes) -> bool:
    """Whether a block has no characters that XML refuses, and refers to others only by the usual names."""
    return len(block.translate(None, CONTROLS)) == len(block) and not OTHER_REFERENCE.search(block)
