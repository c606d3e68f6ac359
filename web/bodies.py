"""From a request to an upload: which of the five bodies it is, and where its options are."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from flask import Request
from marshmallow import ValidationError

from models import settings
from models.errors import BrokenJson, IncompleteBody, Invalid, TooLarge, UnsupportedType
from producer.accept import OptionsReader, Upload, query_upload
from producer.documents.schemas import JobOptionsSchema
from producer.intake import gzip_stream, json_bodies
from producer.intake.layouts import COUNT, CSV, NDJSON
from producer.job_options import Options
from web import multipart
from web.errors import pointers
from web.slow_clients import cut_bodies

CHUNK_BYTES = 1 << 18
BEHIND_PROXY = "werkzeug.proxy_fix.orig"
"""Where what the server said is kept when the headers of a proxy are believed."""
STRUCTURED = ("mapping", "metadata", "defaults", "where", "set")
JSON = "json"
"""A JSON text as a whole, which is read in memory."""
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMAT_OF_TYPE = {
    "text/csv": CSV,
    "text/tab-separated-values": CSV,
    XLSX: CSV,
    "application/x-ndjson": NDJSON,
    "application/ndjson": NDJSON,
    "application/jsonl": NDJSON,
}
"""A spreadsheet is recognised by its content; here it only matters that it is not JSON."""

FORMAT_OF_EXTENSION = {
    ".csv": CSV,
    ".tsv": CSV,
    ".txt": CSV,
    ".xlsx": CSV,
    ".xlsm": CSV,
    ".ndjson": NDJSON,
    ".jsonl": NDJSON,
    ".json": JSON,
}
FORMAT_OF_START = {b"{": NDJSON, b"[": JSON}
BEFORE_TEXT = b"\xef\xbb\xbf\xff\xfe\0 \t\r\n"  # byte order marks, blanks, and the zeros of UTF-16

ACCEPTED_TYPES = f"application/json, text/csv, application/x-ndjson, {XLSX} or multipart/form-data"


def read_upload(request: Request) -> tuple[Upload, OptionsReader]:
    """Return the upload, still to be read from the connection, and a function that gives its options afterwards."""
    content_type = request.mimetype
    if content_type == "application/json":
        return _read_json(request)
    if content_type in FORMAT_OF_TYPE:
        return _read_file(request, FORMAT_OF_TYPE[content_type])
    if content_type == "multipart/form-data":
        return _read_form(request)
    raise UnsupportedType(f"The content type is {content_type or 'missing'}. Send {ACCEPTED_TYPES}.")


def _read_json(request: Request) -> tuple[Upload, OptionsReader]:
    upload, members = _json_upload(read_json(chunks(request)))
    options = load_options(request.args.to_dict() | members)
    return upload, lambda: options


def read_json(parts: Iterable[bytes]) -> bytes:
    return json_bodies.read_all(parts, min(json_bodies.LARGEST_JSON, settings.get().max_upload_bytes))


def _json_upload(body: bytes, filename: str = "") -> tuple[Upload, dict[str, Any]]:
    """Return the upload of a JSON text, and the options in it."""
    parsed = json_bodies.parse(body)
    if parsed.is_query:
        return query_upload(), parsed.options
    if parsed.items is None:
        return Upload(COUNT, COUNT, [parsed.counted_item], parsed.rows, filename), parsed.options
    return Upload("json", NDJSON, json_bodies.ndjson_lines(parsed.items), filename=filename), parsed.options


def json_file(body: bytes, filename: str) -> tuple[Upload, dict[str, Any]]:
    """Return the same of a JSON file. Some programs write one object on each line and call that JSON too."""
    try:
        return _json_upload(body, filename)
    except BrokenJson:
        if json_bodies.is_ndjson(body):
            return Upload(NDJSON, NDJSON, [body], filename=filename), {}
        raise


def _read_file(request: Request, file_format: str) -> tuple[Upload, OptionsReader]:
    options = load_options(request.args.to_dict())
    return Upload(file_format, file_format, chunks(request)), lambda: options


def _read_form(request: Request) -> tuple[Upload, OptionsReader]:
    """The file is stored as it arrives. Fields may stand before or behind it, so options are complete only then."""
    fields: dict[str, str] = request.args.to_dict()
    upload, file_options = read_form_file(request, fields)
    return upload, lambda: load_options(file_options | fields)


def read_form_file(request: Request, fields: dict[str, str], text_field: str = "") -> tuple[Upload, dict[str, Any]]:
    """Return the file of a form, still to be read, and the options in it. `fields` is complete once it has been read.

    When no file was chosen, the text of `text_field` is the upload.
    """
    file = multipart.read_file(request, chunks(request), fields, text_field)
    file_format = detect_format(file.name, file.content_type, file.head)
    if file_format == JSON:
        return json_file(read_json(file.chunks), file.name)
    return Upload(file_format, file_format, file.chunks, filename=file.name), {}


def detect_format(filename: str, content_type: str, head: bytes) -> str:
    """Tell the format of a file by its extension, else by its content type, else by its first character."""
    extension = "." + filename.rpartition(".")[2].lower()
    if extension in FORMAT_OF_EXTENSION:
        return FORMAT_OF_EXTENSION[extension]
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type in FORMAT_OF_TYPE:
        return FORMAT_OF_TYPE[media_type]
    if media_type == "application/json":
        return JSON
    return FORMAT_OF_START.get(head.lstrip(BEFORE_TEXT)[:1], CSV)


def load_options(values: dict[str, Any]) -> Options:
    decoded = {name: _decode_option(name, value) for name, value in values.items()}
    try:
        return Options(**JobOptionsSchema().load(decoded))
    except ValidationError as error:
        raise Invalid("An option is not valid. See errors.", pointers(error.messages)) from None


def _decode_option(name: str, value: Any) -> Any:
    """Options in a query or a form are text; those with a structure are JSON in that text."""
    if name not in STRUCTURED or not isinstance(value, str):
        return value
    try:
        return json_bodies.decode_json(json_bodies.any_decoder, value.encode())
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return value


def chunks(request: Request) -> Iterable[bytes]:
    """Read the body as it arrives, decompressed."""
    limit = settings.get().max_upload_bytes
    if (request.content_length or 0) > limit:
        raise TooLarge(f"The upload is larger than {limit:,} bytes.")
    coding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if coding in ("", "identity"):
        return _read_connection(request)
    if coding in ("gzip", "x-gzip"):
        return gzip_stream.gunzip(_read_connection(request))
    raise UnsupportedType(f"The Content-Encoding {coding} is not supported. Send gzip or none.")


def _read_connection(request: Request) -> Iterator[bytes]:
    """The server does not report a client that disconnects: the body just ends."""
    stream = request.environ["wsgi.input"]
    size = 0
    while chunk := stream.read(CHUNK_BYTES):
        size += len(chunk)
        yield chunk
    if size < (request.content_length or 0):
        raise IncompleteBody(f"The body ends after {size:,} of {request.content_length:,} bytes.")
    if "Transfer-Encoding" in request.headers and cut_bodies.was_cut_off(_peer_address(request), size):
        raise IncompleteBody(f"The connection ended after {size:,} bytes of the body.")


def _peer_address(request: Request) -> str:
    """Return the address at the other end of the connection: that of the proxy, where there is one."""
    environ: dict[str, str] = request.environ.get(BEHIND_PROXY, request.environ)
    return environ["REMOTE_ADDR"]
