"""Forms with one file, read as they arrive: the file may be far larger than memory."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, NamedTuple

from flask import Request
from werkzeug.sansio.multipart import Data, Epilogue, File, MultipartDecoder, NeedData, Preamble

from models.errors import BrokenMultipart, EmptyUpload, Invalid, TooLarge, field_error

FILE_FIELD = "file"
LARGEST_FIELD = 1 << 20
MOST_PARTS = 100
HEAD_BYTES = 64  # of the file, without blanks: enough to see its format


class FormFile(NamedTuple):
    """The file of a form: what its sender says of it, its first bytes, and all of it, still to be read."""

    name: str
    content_type: str
    head: bytes
    chunks: Iterable[bytes]


def read_file(request: Request, chunks: Iterable[bytes], fields: dict[str, str], text_field: str = "") -> FormFile:
    """Read a form up to its file, and put its fields into `fields`: those behind the file when it has been read.

    When no file was chosen, the text of `text_field` stands for it.
    """
    boundary = request.mimetype_params.get("boundary", "")
    if not boundary:
        raise BrokenMultipart("The content type multipart/form-data needs a boundary.")
    parts = _decode_parts(chunks, boundary.encode())
    file = _read_until_file(parts, fields)
    if file is None:
        raise Invalid("The form has no file.", [field_error("This field is required.", "file")])
    head = _read_head(parts)
    if text_field and not file.filename:
        return _read_text(_read_rest(head, parts, fields), fields, text_field)
    content_type = file.headers.get("Content-Type", "")
    return FormFile(file.filename or "", content_type, bytes(head.data), _read_rest(head, parts, fields))


def _decode_parts(chunks: Iterable[bytes], boundary: bytes) -> Iterator[Any]:
    """Decode a body into the events of Werkzeug's parser: fields and files, each followed by its data."""
    decoder = MultipartDecoder(boundary, max_parts=MOST_PARTS)
    try:
        for chunk in chain(chunks, [None]):
            decoder.receive_data(chunk)
            while not isinstance(event := decoder.next_event(), NeedData | Epilogue):
                if not isinstance(event, Preamble):
                    yield event
    except ValueError as error:
        raise BrokenMultipart(f"The multipart body is broken: {error}") from None


def _read_until_file(parts: Iterator[Any], fields: dict[str, str]) -> File | None:
    for event in parts:
        if not isinstance(event, File):
            fields[event.name] = _read_field(parts)
        elif event.name == FILE_FIELD:
            return event
        else:
            message = f"Send one file, in a field named {FILE_FIELD}."
            raise Invalid(message, [field_error("There is no such file field.", event.name or "")])
    return None


def _read_field(parts: Iterator[Any]) -> str:
    value = bytearray()
    for event in parts:
        value += event.data
        if len(value) > LARGEST_FIELD:
            raise TooLarge("A form field is larger than 1 MiB.")
        if not event.more_data:
            break
    return value.decode(errors="replace")


def _read_head(parts: Iterator[Any]) -> Data:
    """Read as much of the file as it takes to see its format."""
    head = b""
    more = True
    while more and len(head.strip()) < HEAD_BYTES:
        event = next(parts)
        head += event.data
        more = event.more_data
    return Data(head, more)


def _read_rest(head: Data, parts: Iterator[Any], fields: dict[str, str]) -> Iterator[bytes]:
    yield bytes(head.data)
    while head.more_data:
        head = next(parts)
        yield bytes(head.data)
    if _read_until_file(parts, fields):
        raise Invalid("Send one file per upload.", [field_error("This field appears twice.", "file")])


def _read_text(rest: Iterator[bytes], fields: dict[str, str], text_field: str) -> FormFile:
    for _ in rest:  # the file is empty, but fields stand behind it
        pass
    text = fields.get(text_field, "").encode()
    if not text.strip():
        raise EmptyUpload("Choose a file or paste some URLs.")
    return FormFile("", "", text, [text])
