"""The encodings of uploads: found from the first bytes, and turned into UTF-8 as they come."""

import codecs
import io
from collections.abc import Iterable, Iterator

from models.errors import Unreadable
from producer.intake.formats import BOM, UTF8

UTF16_LITTLE, UTF16_BIG, WESTERN = "utf-16-le", "utf-16-be", "cp1252"
NAMES = (UTF8, "utf-16", UTF16_LITTLE, UTF16_BIG, WESTERN, "iso-8859-1")
MARKS = {BOM: UTF8, codecs.BOM_UTF16_LE: UTF16_LITTLE, codecs.BOM_UTF16_BE: UTF16_BIG}
SAMPLED = 4096  # bytes
CLEARLY = 0.3  # of the characters of a list of URLs are ASCII, whatever its titles are written in

UNREADABLE_MARKS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    b"PK\x03\x04": "a zip or spreadsheet",
    b"\xd0\xcf\x11\xe0": "an old Excel file (.xls) or one with a password: save it as .xlsx without one, or as CSV",
    b"\x1f\x8b": "gzip",
    b"%PDF-": "a PDF",
}


def _marked(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return "\udcff", error.end


codecs.register_error("linkmill.marked", _marked)  # what cannot be decoded must cost its row, and only that


def refuse_binary(head: bytes) -> None:
    for mark, what in UNREADABLE_MARKS.items():
        if head.startswith(mark):
            raise Unreadable(f"line 1: this is not text but {what}")


def found(head: bytes, asked: str | None, western: bool) -> str:
    """The encoding of an upload. The last resort is Western, where that may be and the beginning is no UTF-8."""
    marked = next((name for mark, name in MARKS.items() if head.startswith(mark)), None)
    if asked:
        return asked if asked != "utf-16" else marked if marked and marked != UTF8 else _wide(head) or UTF16_LITTLE
    return marked or _wide(head) or (WESTERN if western and not _is_utf8(head) else UTF8)


def text(head: bytes, encoding: str) -> bytes:
    """The beginning of an upload as UTF-8, without a mark."""
    decoder = codecs.getincrementaldecoder(encoding)("linkmill.marked")
    return _encoded(decoder.decode(head)).removeprefix(BOM)


def turned(chunks: Iterable[bytes], encoding: str, returns: bool) -> Iterator[bytes]:
    """All of an upload as UTF-8, without a mark; every line end a line feed where carriage returns are some."""
    strict = codecs.getincrementaldecoder(encoding)("linkmill.marked")
    decoder = io.IncrementalNewlineDecoder(strict, translate=True) if returns else strict
    first = True
    for chunk in chunks:
        part = _encoded(decoder.decode(chunk))
        yield part.removeprefix(BOM) if first else part
        first = first and not part
    yield _encoded(decoder.decode(b"", final=True))


def _wide(head: bytes) -> str | None:
    """UTF-16 that does not say so: every other byte of its ASCII is zero, and UTF-8 has none of those."""
    sample = head[:SAMPLED]
    even, odd, letters = sample[0::2].count(0), sample[1::2].count(0), len(sample) // 2
    if even == odd or min(even, odd) > 0 or max(even, odd) < CLEARLY * letters:
        return None
    return UTF16_BIG if even else UTF16_LITTLE


def _is_utf8(head: bytes) -> bool:
    """Damage here and there does not make it another encoding, as long as more letters are whole."""
    try:
        head.decode()
    except UnicodeDecodeError:
        read = head.decode(errors="surrogateescape")
        broken = sum("\udc80" <= letter <= "\udcff" for letter in read)
        return sum(letter > "\x7f" for letter in read) >= 2 * broken
    return True


def _encoded(part: str) -> bytes:
    return part.encode(errors="surrogateescape")
