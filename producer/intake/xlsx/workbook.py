"""Spreadsheets (.xlsx): the one sheet with rows in it as CSV, streamed, whatever its size."""

import csv
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from posixpath import join, normpath
from typing import IO, Any
from xml.parsers.expat import ExpatError
from zipfile import BadZipFile, ZipFile

from models.errors import Unreadable
from producer.intake.gzip_stream import LARGEST_RATIO, RATIO_MATTERS_FROM
from producer.intake.xlsx.cell_values import date, dated, number
from producer.intake.xlsx.elements import Element, Texts, Tick, elements, rows, texts

LARGEST_DIRECTORY = 1 << 20  # bytes
LARGEST_SMALL = 16 << 20  # bytes of a part that only describes
WRITTEN_AT_ONCE = 1 << 18  # characters
BROKEN = (BadZipFile, zlib.error, EOFError, ExpatError, KeyError, IndexError, ValueError, RuntimeError)
"""What reading a damaged file may raise; RuntimeError is how zipfile asks for a password."""


class Parts(io.RawIOBase):
    """A file that is read in parts: a zip directory is read at once, and may claim any size."""

    def __init__(self, source: IO[bytes]) -> None:
        self.source = source

    def read(self, size: int = -1) -> bytes:
        if size > LARGEST_DIRECTORY:
            raise Unreadable("the spreadsheet has more parts than any has")
        return self.source.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self.source.seek(offset, whence)

    def tell(self) -> int:
        return self.source.tell()

    def seekable(self) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class Book:
    file: ZipFile
    tick: Tick
    """Called every now and then while there is work: reading a large part takes a while."""
    sheets: dict[str, str]
    """Name to part."""
    since_1904: bool
    dated: list[bool] = field(default_factory=list)
    texts: Texts = field(default_factory=Texts)


@contextmanager
def opened(source: IO[bytes], largest: int, tick: Tick) -> Iterator[Book]:
    """The workbook in a file. What is wrong with it, now or when it is read, is Unreadable."""
    try:
        with ZipFile(Parts(source)) as file:
            _refuse_bomb(file, largest)
            yield _book(file, tick)
    except BROKEN as error:
        raise Unreadable(f"this is no spreadsheet, or a damaged one: {error}") from None


def only_sheet(book: Book) -> str:
    """The name of the sheet that has rows."""
    filled = [name for name in book.sheets if _has_rows(book, name)]
    if len(filled) > 1:
        listed = ", ".join(repr(name) for name in filled[:10])
        raise Unreadable(f"{len(filled)} sheets have something in them ({listed}): leave one, or send each as a file")
    if not filled:
        raise Unreadable("the spreadsheet has no rows")
    return filled[0]


def as_csv(book: Book, name: str) -> Iterator[bytes]:
    """A line for each row of the sheet, empty ones too, all as wide as the first that has something in it."""
    out, line, width = io.StringIO(), 1, 0
    writer = csv.writer(out, lineterminator="\n")
    with book.file.open(book.sheets[name]) as source:
        for at, cells in rows(source, book.tick):
            width = width or cells[-1][0] + 1
            out.write("\n" * (at - line))
            writer.writerow(_row(book, cells, width))
            line = at + 1
            if out.tell() > WRITTEN_AT_ONCE:
                yield out.getvalue().encode(errors="replace")
                out.seek(0)
                out.truncate()
    yield out.getvalue().encode(errors="replace")


def _row(book: Book, cells: list[Any], width: int) -> list[str]:
    row = [""] * max(width, cells[-1][0] + 1)
    for column, kind, style, text in cells:
        row[column] = _value(book, kind, style, text)
    return row


def _value(book: Book, kind: str, style: str, text: str) -> str:
    if kind == "s":
        return book.texts[int(text)]
    if kind == "b":
        return "TRUE" if text == "1" else "FALSE"
    if kind != "n":
        return text
    return date(text, book.since_1904) if style and book.dated and book.dated[int(style)] else number(text)


def _has_rows(book: Book, name: str) -> bool:
    with book.file.open(book.sheets[name]) as source:
        return next(rows(source, book.tick), None) is not None


def _book(file: ZipFile, tick: Tick) -> Book:
    root = _related(file, "", "_rels/.rels", tick)
    path = dict(root.values()).get("officeDocument", "")
    folder, _, name = path.rpartition("/")
    related = _related(file, folder, join(folder, "_rels", f"{name}.rels"), tick)
    sheets, since_1904 = dict[str, str](), False
    for kind, given in _small(file, path, tick):
        if kind == "sheet":
            part = related.get(_by_local(given, "id"), ("", ""))
            sheets |= {given["name"]: part[1]} if part[0] == "worksheet" else {}
        elif kind == "workbookPr":
            since_1904 = given.get("date1904", "0") in ("1", "true", "on")
    of_kind = dict(related.values())
    styles = dated(_small(file, of_kind["styles"], tick)) if "styles" in of_kind else []
    return Book(file, tick, sheets, since_1904, styles, _shared(file, of_kind.get("sharedStrings"), tick))


def _shared(file: ZipFile, part: str | None, tick: Tick) -> Texts:
    if part is None or part not in file.namelist():
        return Texts()
    with file.open(part) as source:
        return texts(source, tick)


def _related(file: ZipFile, folder: str, part: str, tick: Tick) -> dict[str, tuple[str, str]]:
    """What a part refers to: id to kind and part."""
    found = {}
    for name, given in _small(file, part, tick):
        if name == "Relationship" and given.get("TargetMode") != "External":
            kind = given["Type"].rpartition("/")[2]
            found[given["Id"]] = (kind, normpath(join("/", folder, given["Target"])).lstrip("/"))
    return found


def _small(file: ZipFile, part: str, tick: Tick) -> Iterator[Element]:
    if file.getinfo(part).file_size > LARGEST_SMALL:
        raise Unreadable(f"the spreadsheet's {part} is larger than {LARGEST_SMALL:,} bytes")
    with file.open(part) as source:
        yield from elements(source, tick)


def _by_local(given: dict[str, str], name: str) -> str:
    return next((value for key, value in given.items() if key.rpartition(":")[2] == name and ":" in key), "")


def _refuse_bomb(file: ZipFile, largest: int) -> None:
    """What the directory says is true: zipfile gives no more of a part than that."""
    grown = sum(part.file_size for part in file.infolist())
    packed = sum(part.compress_size for part in file.infolist())
    if grown > largest:
        raise Unreadable(f"the spreadsheet is larger than {largest:,} bytes when unpacked")
    if grown > RATIO_MATTERS_FROM and grown > LARGEST_RATIO * packed:
        raise Unreadable(f"the spreadsheet grows more than {LARGEST_RATIO} times when unpacked")
