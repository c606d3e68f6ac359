"""Encodings of uploads: detected from the first bytes, and decoded to UTF-8 as they arrive."""

import codecs
import io
import re
from collections.abc import Iterable, Iterator

from models.errors import Unreadable
from producer.intake.layouts import BOM, UTF8

UTF16_LITTLE = "utf-16-le"
UTF16_BIG = "utf-16-be"
WESTERN = "cp1252"
NAMES = (UTF8, "utf-16", UTF16_LITTLE, UTF16_BIG, WESTERN, "iso-8859-1")
"""What a client may name."""
BYTE_ORDER_MARKS = {BOM: UTF8, codecs.BOM_UTF16_LE: UTF16_LITTLE, codecs.BOM_UTF16_BE: UTF16_BIG}
SAMPLE_BYTES = 4096
LEAST_ASCII = 0.3  # of the characters in a list of URLs, whatever language its titles are in

UNSUPPORTED_STARTS = {
    codecs.BOM_UTF32_LE: "UTF-32 text",
    codecs.BOM_UTF32_BE: "UTF-32 text",
    b"PK\x03\x04": "a zip file or a spreadsheet",
    b"\xd0\xcf\x11\xe0": "an old Excel file (.xls) or one with a password. Save it as .xlsx without one, or as CSV",
    b"\x1f\x8b": "a gzip file",
    b"%PDF-": "a PDF",
}


def refuse_binary(head: bytes) -> None:
    for start, what in UNSUPPORTED_STARTS.items():
        if head.startswith(start):
            raise Unreadable(f"This is not a text file but {what}.")


def detect(head: bytes, hint: str | None, may_be_western: bool) -> str:
    """The encoding of an upload: as the client says, as its first bytes show, or UTF-8."""
    marked = _marked_encoding(head)
    if hint == "utf-16":  # its byte order must still be found
        return _utf16_order(head, marked)
    if hint:
        return hint
    encoding = marked or _unmarked_utf16(head)
    if encoding:
        return encoding
    if may_be_western and not _is_utf8(head):
        return WESTERN
    return UTF8


def _utf16_order(head: bytes, marked: str | None) -> str:
    if marked and marked != UTF8:
        return marked
    return _unmarked_utf16(head) or UTF16_LITTLE


def _marked_encoding(head: bytes) -> str | None:
    for mark, encoding in BYTE_ORDER_MARKS.items():
        if head.startswith(mark):
            return encoding
    return None


def _unmarked_utf16(head: bytes) -> str | None:
    """UTF-16 without a mark: every other byte of its ASCII is zero, and UTF-8 text has no zeros."""
    sample = head[:SAMPLE_BYTES]
    even = sample[0::2].count(0)
    odd = sample[1::2].count(0)
    characters = len(sample) // 2
    if even == odd or min(even, odd) > 0 or max(even, odd) < LEAST_ASCII * characters:
        return None
    return UTF16_BIG if even else UTF16_LITTLE


def _is_utf8(head: bytes) -> bool:
    """Damage in a few places does not make it another encoding, as long as twice as many characters are whole."""
    try:
        head.decode()
    except UnicodeDecodeError:
        text = head.decode(errors="surrogateescape")
        broken = len(SURROGATE.findall(text))
        not_ascii = len(NOT_ASCII.findall(text))
        return not_ascii >= 2 * broken
    return True


SURROGATE = re.compile("[\udc80-\udcff]")
NOT_ASCII = re.compile("[^\x00-\x7f]")


def to_utf8(head: bytes, encoding: str) -> bytes:
    """The beginning of an upload as UTF-8, without a byte order mark."""
    decoder = codecs.getincrementaldecoder(encoding)("linkmill.marked")
    return _encode(decoder.decode(head)).removeprefix(BOM)


def convert(chunks: Iterable[bytes], encoding: str, translate_returns: bool) -> Iterator[bytes]:
    """Yields a whole upload as UTF-8, without a byte order mark, and with line feeds for returns where asked."""
    strict = codecs.getincrementaldecoder(encoding)("linkmill.marked")
    decoder = io.IncrementalNewlineDecoder(strict, translate=True) if translate_returns else strict
    is_first = True
    for chunk in chunks:
        part = _encode(decoder.decode(chunk))
        if is_first:
            part = part.removeprefix(BOM)
        yield part
        is_first = is_first and not part
    yield _encode(decoder.decode(b"", final=True))


def _encode(text: str) -> bytes:
    return text.encode(errors="surrogateescape")


def _mark_undecodable(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return "\udcff", error.end


# A byte that cannot be decoded must cost its row and no other. It becomes a byte that is not UTF-8 either,
# so that the row fails when it is read.
codecs.register_error("linkmill.marked", _mark_undecodable)
