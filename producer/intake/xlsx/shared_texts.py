"""The texts that cells share, in the order of their numbers."""

import re
from array import array
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate, pairwise
from os import pread
from tempfile import TemporaryFile
from typing import IO

from producer.intake.xlsx.elements import (
    LONGEST_TEXT,
    TextReader,
    local_name,
    new_parser,
    plain_text,
    stands_for_itself,
)
from producer.intake.xlsx.list_parser import ListParser, Tick

WINDOW_BYTES = 1 << 16
WINDOW_TEXTS = 1 << 10
PLAIN_TEXT = re.compile('<si><t(?: xml:space="preserve")?>([^<]*)</t></si>')


class SharedTexts:
    """The texts by number. They are in a temporary file: there may be more than fit in memory."""

    def __init__(self) -> None:
        self.file = TemporaryFile()  # noqa: SIM115 - it is closed with the object
        self.ends = array("Q", [0])
        self.window: list[str] = []
        self.window_begin = 0

    def add(self, texts: Sequence[str]) -> None:
        whole = "".join(texts)
        self.file.write(whole.encode(errors="replace"))
        size_of = len if whole.isascii() else _encoded_size
        self.ends.extend(accumulate(map(size_of, texts), initial=self.ends.pop()))

    def __getitem__(self, number: int) -> str:
        if number < 0:
            raise IndexError(f"a cell refers to the text {number}")
        place = number - self.window_begin
        if place < 0:
            return self._read(number, 1)[0]
        if place >= len(self.window):  # the cells of most sheets refer to one text after the other
            self.window = self._read(number, WINDOW_TEXTS)
            self.window_begin = number
            place = 0
        return self.window[place]

    def _read(self, number: int, most: int) -> list[str]:
        """The texts from a number on: one, or as many as fit into a window."""
        ends = self.ends[number : number + most + 1]
        begin = ends[0]
        count = max(1, bisect_right(ends, begin + WINDOW_BYTES) - 1)
        data = pread(self.file.fileno(), ends[count] - begin, begin)
        borders = pairwise([end - begin for end in ends[: count + 1]])
        if not data.isascii():
            return [data[start:end].decode() for start, end in borders]
        whole = data.decode()
        return [whole[start:end] for start, end in borders]


def _encoded_size(text: str) -> int:
    return len(text.encode(errors="replace"))


def read_shared_texts(source: IO[bytes], tick: Tick) -> SharedTexts:
    texts = SharedTexts()
    text = TextReader()
    parser = new_parser()

    def read_plain(block: str) -> bool:
        parts = PLAIN_TEXT.split(block)
        found = parts[1::2]
        if any(parts[::2]) or max(map(len, found)) > LONGEST_TEXT:
            return False
        texts.add(found if stands_for_itself(block) else list(map(plain_text, found)))
        return True

    list_parser = ListParser(parser, "si", read_plain)

    def begin(name: str, _: object) -> None:
        name = local_name(name)
        list_parser.begin(name)
        text.begin(name)

    def end(name: str) -> None:
        name = local_name(name)
        list_parser.end()
        text.end(name)
        if name == "si":
            texts.add([text.take()])

    parser.StartElementHandler = begin
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text.add
    for _ in list_parser.feed(source, tick):
        pass
    texts.file.flush()
    return texts
