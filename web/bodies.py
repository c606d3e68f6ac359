"""From a request to an upload: which of the five bodies it is, and where its options stand."""

import json
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from flask import Request
from marshmallow import ValidationError
from werkzeug.sansio.multipart import Data, Epilogue, File, MultipartDecoder, NeedData, Preamble

from models import settings
from models.errors import BrokenMultipart, EmptyUpload, IncompleteBody, Invalid, TooLarge, UnsupportedType, field_error
from producer.accept import OptionsReader, Upload
from producer.documents.schemas import JobOptions
from producer.intake import gzip_stream, json_bodies
from producer.intake.layouts import COUNT, CSV, NDJSON
from producer.job_options import Options
from web.errors import pointers

CHUNK = 1 << 18
LARGEST_FIELD = 1 << 20
SNIFFED = 64
MOST_PARTS = 100
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
OF_NAME = {".csv": CSV, ".tsv": CSV, ".txt": CSV, ".xlsx": CSV, ".xlsm": CSV, ".ndjson": NDJSON, ".jsonl": NDJSON}
"""A spreadsheet is known by its content: what matters here is that it is no JSON."""
OF_TYPE = {
    "text/csv": CSV,
    "text/tab-separated-values": CSV,
    XLSX: CSV,
    "application/x-ndjson": NDJSON,
    "application/ndjson": NDJSON,
    "application/jsonl": NDJSON,
}
ACCEPTED = f"application/json, text/csv, application/x-ndjson, {XLSX} or multipart/form-data"
AROUND_TEXT = b"\xef\xbb\xbf\xff\xfe\0 \t\r\n"  # marks, blanks, and the zeros of UTF-16
OF_JSON = ("mapping", "metadata", "defaults")


def read(request: Request) -> tuple[Upload, OptionsReader]:
    """The upload, still to be read from the wire, and its options, to be asked for when it is."""
    kind = request.mimetype
    if kind == "application/json":
        return _json(request)
    if kind in OF_TYPE:
        options = load_options(request.args.to_dict())
        return Upload(OF_TYPE[kind], OF_TYPE[kind], chunks(request)), lambda: options
    if kind == "multipart/form-data":
        return _multipart(request)
    raise UnsupportedType(f"{kind or 'no content type'}: send {ACCEPTED}")


def load_options(given: dict[str, Any]) -> Options:
    try:
        return Options(**JobOptions().load({name: _of_text(name, value) for name, value in given.items()}))
    except ValidationError as error:
        raise Invalid("an option is not as it should be", pointers(error.messages)) from None


def _of_text(name: str, value: Any) -> Any:
    """Options in a query or a form are text; those with a structure are JSON in it."""
    if name not in OF_JSON or not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _json(request: Request) -> tuple[Upload, OptionsReader]:
    limit = min(json_bodies.LARGEST_JSON, settings.get().max_upload_bytes)
    given, items, count, item = json_bodies.parse(json_bodies.read_all(chunks(request), limit))
    options = load_options(request.args.to_dict() | given)
    if items is None:
        return Upload(COUNT, COUNT, [item], count), lambda: options
    return Upload("json", NDJSON, json_bodies.ndjson_lines(items)), lambda: options


def chunks(request: Request) -> Iterable[bytes]:
    """The body as it arrives, decompressed."""
    declared = request.content_length or 0
    if declared > settings.get().max_upload_bytes:
        raise TooLarge(f"The upload is larger than {settings.get().max_upload_bytes:,} bytes.")
    coding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if coding in ("", "identity"):
        return _wire(request)
    if coding not in ("gzip", "x-gzip"):
        raise UnsupportedType(f"Content-Encoding {coding}: send gzip or none")
    return gzip_stream.gunzip(_wire(request))


def _wire(request: Request) -> Iterator[bytes]:
    """The server says nothing of a client that went away in the middle: only that there is less than was announced."""
    stream, taken = request.environ["wsgi.input"], 0
    while chunk := stream.read(CHUNK):
        taken += len(chunk)
        yield chunk
    if taken < (request.content_length or 0):
        raise IncompleteBody(f"the body ends after {taken:,} of {request.content_length:,} bytes")


def _multipart(request: Request) -> tuple[Upload, OptionsReader]:
    """The file is stored as it comes by; fields may stand before or behind it, so options are known only then."""
    fields: dict[str, str] = request.args.to_dict()
    return multipart(request, fields), lambda: load_options(fields)


def multipart(request: Request, fields: dict[str, str], instead: str = "") -> Upload:
    """The file of a form, still to be read; its fields are all noted when it is.

    `instead` is the field whose text stands for a file that nobody chose.
    """
    boundary = request.mimetype_params.get("boundary", "")
    if not boundary:
        raise BrokenMultipart("multipart/form-data without a boundary")
    parts = _parts(chunks(request), boundary.encode())
    file = _until_file(parts, fields)
    if file is None:
        raise Invalid("The form has no file.", [field_error("The file is missing.", "file")])
    head = _head(parts)
    if instead and not file.filename:
        return _pasted(_file(head, parts, fields), fields, instead)
    found = kind(file.filename or "", file.headers.get("Content-Type", ""), head.data)
    return Upload(found, found, _file(head, parts, fields))


def _pasted(rest: Iterator[bytes], fields: dict[str, str], name: str) -> Upload:
    for _ in rest:
        pass
    text = fields.get(name, "").encode()
    if not text.strip():
        raise EmptyUpload("there is neither a file nor a text")
    found = kind("", "", text)
    return Upload(found, found, [text])


def _head(parts: Iterator[Any]) -> Data:
    """The file's first bytes, enough of them to see what it is."""
    held, more = b"", True
    while more and len(held.strip()) < SNIFFED:
        event = next(parts)
        held, more = held + event.data, event.more_data
    return Data(held, more)


def _until_file(parts: Iterator[Any], fields: dict[str, str]) -> File | None:
    for event in parts:
        if isinstance(event, File):
            if event.name == "file":
                return event
            raise Invalid(
                "one file, in a field named file",
                [field_error("A file belongs in the field named file.", event.name or "")],
            )
        fields[event.name] = _value(parts)
    return None


def _parts(chunks: Iterable[bytes], boundary: bytes) -> Iterator[Any]:
    decoder = MultipartDecoder(boundary, max_parts=MOST_PARTS)
    try:
        for chunk in chain(chunks, [None]):
            decoder.receive_data(chunk)
            while not isinstance(event := decoder.next_event(), NeedData | Epilogue):
                if not isinstance(event, Preamble):
                    yield event
    except ValueError as error:
        raise BrokenMultipart(f"the multipart body is broken: {error}") from None


def _file(head: Data, parts: Iterator[Any], fields: dict[str, str]) -> Iterator[bytes]:
    yield bytes(head.data)
    while head.more_data:
        head = next(parts)
        yield bytes(head.data)
    if _until_file(parts, fields):
        raise Invalid("Send one file with each upload.", [field_error("The form contains more than one file.", "file")])


def _value(parts: Iterator[Any]) -> str:
    held = bytearray()
    for event in parts:
        held += event.data
        if len(held) > LARGEST_FIELD:
            raise TooLarge("a form field is larger than 1 MiB")
        if not event.more_data:
            break
    return held.decode(errors="replace")


def kind(filename: str, content_type: str, head: bytes) -> str:
    """The format of a file, by its name, by what its sender calls it, or by how it begins."""
    ending = "." + filename.rpartition(".")[2].lower()
    named = content_type.partition(";")[0].strip().lower()
    found = NDJSON if head.lstrip(AROUND_TEXT).startswith(b"{") else CSV
    return OF_NAME.get(ending) or OF_TYPE.get(named) or found
