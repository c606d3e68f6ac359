"""Spreadsheets (.xlsx) as CSV: one of their sheets, streamed whatever its size."""

import csv
import io
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from posixpath import join, normpath
from typing import IO
from xml.parsers.expat import ExpatError
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile

from models.errors import UnknownSheet, Unreadable, field_error
from producer.intake.csv_text.records import LONGEST_LINE
from producer.intake.gzip_stream import LARGEST_RATIO, RATIO_MATTERS_FROM
from producer.intake.xlsx.cell_values import date_styles, date_text, number_text
from producer.intake.xlsx.elements import Element, read_elements
from producer.intake.xlsx.list_parser import Tick
from producer.intake.xlsx.rows import NUMBER, Cell, read_rows
from producer.intake.xlsx.shared_texts import SharedTexts, read_shared_texts

LARGEST_DIRECTORY = 1 << 20  # bytes
LARGEST_DESCRIPTION = 16 << 20  # bytes of a part that describes others
CHUNK_CHARACTERS = 1 << 18
MOST_LISTED = 20
MOST_DIGITS = 9
SHARED_TEXT = "s"
TEXT_TYPES = ("inlineStr", "str")
DAMAGES = (BadZipFile, zlib.error, EOFError, ExpatError, KeyError, IndexError, ValueError, RuntimeError)
"""What reading a damaged file may raise. zipfile asks for a password by a RuntimeError."""


@dataclass(frozen=True, slots=True)
class Workbook:
    file: ZipFile
    tick: Tick
    sheets: dict[str, str]
    """Name to part."""
    hidden_sheets: frozenset[str]
    since_1904: bool
    """Whether days are counted from 1904, as old Macs did."""
    date_styles: list[bool]
    read_texts: Callable[[], SharedTexts]
    """Reads the shared texts when they are first needed: that may take a while."""
    largest_csv: int
    """How many bytes a sheet may have as CSV: every cell may repeat the longest text, and rows may be very wide."""


@contextmanager
def open_workbook(source: IO[bytes], largest: int, tick: Tick) -> Iterator[Workbook]:
    """Opens the workbook in a file. What is wrong with it, now or when it is read, is raised as Unreadable."""
    try:
        with ZipFile(BoundedReads(source)) as file:
            _refuse_other_compressions(file)
            packed = _refuse_bomb(file, largest)
            largest_csv = min(largest, max(RATIO_MATTERS_FROM, LARGEST_RATIO * packed))
            yield _read_workbook(file, largest_csv, tick)
    except DAMAGES as error:
        raise Unreadable(f"This is not a spreadsheet, or it is damaged: {error}") from None


class BoundedReads(io.RawIOBase):
    """A file that refuses large reads and places outside of it: the directory of a zip may claim any size and place."""

    def __init__(self, source: IO[bytes]) -> None:
        self.source = source
        self.size = source.seek(0, io.SEEK_END)

    def read(self, size: int = -1) -> bytes:
        if size > LARGEST_DIRECTORY:
            raise Unreadable("The spreadsheet has too many parts.")
        return self.source.read(size)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        # The file itself would raise OSError, as it does when the upload store is away.
        if whence == io.SEEK_SET and not 0 <= offset <= self.size:
            raise BadZipFile("it has a part outside of the file")
        return self.source.seek(offset, whence)

    def tell(self) -> int:
        return self.source.tell()

    def seekable(self) -> bool:
        return True


def _refuse_other_compressions(file: ZipFile) -> None:
    """Raise Unreadable when a part is packed as no spreadsheet is. Damage to it would be another error."""
    for part in file.infolist():
        if part.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
            raise Unreadable(f"The part {part.filename} of the spreadsheet is compressed in an unknown way.")


def _refuse_bomb(file: ZipFile, largest: int) -> int:
    """Return how many bytes the packed parts have; raise Unreadable when they unpack to far more."""
    # The sizes in the directory can be trusted: zipfile reads no more of a part than they say.
    unpacked = 0
    packed = 0
    for part in file.infolist():
        unpacked += part.file_size
        packed += part.compress_size
    if unpacked > largest:
        raise Unreadable(f"The spreadsheet is larger than {largest:,} bytes when it is unpacked.")
    if unpacked > RATIO_MATTERS_FROM and unpacked > LARGEST_RATIO * packed:
        raise Unreadable(f"The spreadsheet grows more than {LARGEST_RATIO} times when it is unpacked.")
    return packed


def _read_workbook(file: ZipFile, largest_csv: int, tick: Tick) -> Workbook:
    root = _relationships(file, "", "_rels/.rels", tick)
    path = dict(root.values()).get("officeDocument", "")
    folder, _, name = path.rpartition("/")
    related = _relationships(file, folder, join(folder, "_rels", f"{name}.rels"), tick)
    sheets: dict[str, str] = {}
    hidden: set[str] = set()
    since_1904 = False
    for kind, attributes in _read_description(file, path, tick):
        if kind == "sheet":
            part_kind, part = related.get(_prefixed_attribute(attributes, "id"), ("", ""))
            if part_kind == "worksheet":
                sheets[attributes["name"]] = part
                if attributes.get("state", "visible") != "visible":
                    hidden.add(attributes["name"])
        elif kind == "workbookPr":
            since_1904 = attributes.get("date1904", "0") in ("1", "true", "on")
    part_of_kind = dict(related.values())
    styles: list[bool] = []
    if "styles" in part_of_kind:
        styles = date_styles(_read_description(file, part_of_kind["styles"], tick))
    read_texts = cache(partial(_shared_texts, file, part_of_kind.get("sharedStrings"), tick))
    return Workbook(file, tick, sheets, frozenset(hidden), since_1904, styles, read_texts, largest_csv)


def _relationships(file: ZipFile, folder: str, part: str, tick: Tick) -> dict[str, tuple[str, str]]:
    """What a part refers to: id to kind and part."""
    related = {}
    for name, attributes in _read_description(file, part, tick):
        if name == "Relationship" and attributes.get("TargetMode") != "External":
            kind = attributes["Type"].rpartition("/")[2]
            target = normpath(join("/", folder, attributes["Target"])).lstrip("/")
            related[attributes["Id"]] = (kind, target)
    return related


def _read_description(file: ZipFile, part: str, tick: Tick) -> Iterator[Element]:
    if file.getinfo(part).file_size > LARGEST_DESCRIPTION:
        raise Unreadable(f"The part {part} of the spreadsheet is larger than {LARGEST_DESCRIPTION:,} bytes.")
    with file.open(part) as source:
        yield from read_elements(source, tick)


def _prefixed_attribute(attributes: dict[str, str], name: str) -> str:
    """An attribute by its name without the namespace prefix, which may be any."""
    for key, value in attributes.items():
        prefix, _, local = key.rpartition(":")
        if prefix and local == name:
            return value
    return ""


def _shared_texts(file: ZipFile, part: str | None, tick: Tick) -> SharedTexts:
    if part is None or part not in file.namelist():
        return SharedTexts()
    with file.open(part) as source:
        return read_shared_texts(source, tick)


def choose_sheet(book: Workbook, wanted: str = "") -> str:
    """The sheet of this name or number or, without one, the only one that has rows."""
    if wanted:
        return _find_sheet(book, wanted)
    filled = filled_sheets(book)
    if len(filled) > 1:
        raise _unknown_sheet(f"{len(filled)} sheets have rows ({_listed(filled)}). Choose one with sheet=.")
    return filled[0]


def filled_sheets(book: Workbook) -> list[str]:
    """The sheets that have rows. Hidden ones count only when no visible one has any."""
    filled = [name for name in book.sheets if _has_rows(book, name)]
    if not filled:
        raise Unreadable("The spreadsheet has no rows.")
    visible = [name for name in filled if name not in book.hidden_sheets]
    return visible or filled


def _find_sheet(book: Workbook, wanted: str) -> str:
    names = list(book.sheets)
    for name in names:
        if name.casefold() == wanted.strip().casefold():  # names of sheets differ in more than case
            return name
    if wanted.isascii() and wanted.isdigit() and 0 < int(wanted[:MOST_DIGITS]) <= len(names):
        return names[int(wanted) - 1]
    raise _unknown_sheet(f"The workbook has no sheet {wanted!r}. Its sheets are {_listed(names)}.")


def _unknown_sheet(message: str) -> UnknownSheet:
    return UnknownSheet(message, [field_error(message, "sheet", code=UnknownSheet.code)])


def _listed(names: list[str]) -> str:
    return ", ".join(map(repr, names[:MOST_LISTED]))


def _has_rows(book: Workbook, sheet: str) -> bool:
    with book.file.open(book.sheets[sheet]) as source:
        return next(read_rows(source, book.tick), None) is not None


def as_csv(book: Workbook, sheet: str) -> Iterator[bytes]:
    """Yields a line for each row of the sheet, empty ones too, all as wide as the first that has any text."""
    size = 0
    for chunk in _csv_chunks(book, sheet):
        size += len(chunk)
        if size > book.largest_csv:
            raise Unreadable(f"The sheet grows to more than {book.largest_csv:,} bytes, too many for this small file.")
        yield chunk


def _csv_chunks(book: Workbook, sheet: str) -> Iterator[bytes]:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    line = 1
    width = 0
    with book.file.open(book.sheets[sheet]) as source:
        for number, cells in read_rows(source, book.tick):
            width = width or cells[-1][0] + 1
            out.write("\n" * (number - line))
            writer.writerow(_row(book, cells, width))
            line = number + 1
            if out.tell() > CHUNK_CHARACTERS:
                yield out.getvalue().encode(errors="replace")
                out.seek(0)
                out.truncate()
    yield out.getvalue().encode(errors="replace")


def read_head(book: Workbook, sheet: str, size: int) -> bytes:
    """The beginning of a sheet as CSV."""
    head = b""
    for chunk in as_csv(book, sheet):
        head += chunk
        if len(head) >= size:
            break
    return head[:size]


def _row(book: Workbook, cells: list[Cell], width: int) -> list[str]:
    row = [""] * max(width, cells[-1][0] + 1)
    size = 0
    for column, kind, style, text in cells:
        if kind == SHARED_TEXT:
            text = book.read_texts()[int(text)]
        elif kind not in TEXT_TYPES:
            text = _cell_text(book, kind, style, text)
        row[column] = text
        size += len(text)
        if size > LONGEST_LINE:  # 16,384 cells may repeat one long text
            raise Unreadable(f"A row of the spreadsheet has more than {LONGEST_LINE:,} characters.")
    return row


def _cell_text(book: Workbook, kind: str, style: str, text: str) -> str:
    if kind == "b":
        return "TRUE" if text == "1" else "FALSE"
    if kind != NUMBER:
        return text
    if style and book.date_styles and book.date_styles[int(style)]:
        return date_text(text, book.since_1904)
    return number_text(text)
