"""JSON request bodies: takes them apart into options and items, which become lines of NDJSON."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, TypeVar

import msgspec

from models.errors import BrokenJson, EmptyUpload, Invalid, TooLarge, field_error
from producer.fields.item_fields import NAMES
from producer.intake.layouts import BOM

LARGEST_JSON = 64 << 20
MOST_LINKS = 100_000
MOST_COUNTED = 5_000_000
LINES_AT_ONCE = 1000
BLANKS = b" \t\r\n"

T = TypeVar("T")
RawItem = msgspec.Raw
members_decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])
items_decoder = msgspec.json.Decoder(list[msgspec.Raw])
any_decoder = msgspec.json.Decoder()


class JsonBody(NamedTuple):
    options: dict[str, Any]
    items: list[RawItem] | None
    """The list under `links`, each item still as JSON; None for the count shape."""
    rows: int = 0
    """How many rows the count shape asks for."""
    counted_item: bytes = b""
    """The one item of the count shape, as a line of JSON."""
    is_query: bool = False
    """Whether a filter in the options says which links are changed, instead of items."""


def parse(body: bytes) -> JsonBody:
    """Takes a request or a file apart; a bare list is one of links. Raises BrokenJson or Invalid."""
    text = body.removeprefix(BOM).lstrip(BLANKS)
    try:
        return _parse(text)
    except (msgspec.DecodeError, json.JSONDecodeError, UnicodeDecodeError) as error:
        raise BrokenJson(f"The body is not valid JSON: {error}.") from None
    except RecursionError:
        raise BrokenJson("The body is nested too deeply.") from None


def _parse(text: bytes) -> JsonBody:
    try:
        if text.startswith(b"["):
            return JsonBody({}, decode_json(items_decoder, text))
        members = decode_json(members_decoder, text)
        if "links" in members:
            items = items_decoder.decode(members.pop("links"))
            return JsonBody(_decoded(members), items)
        if "where" in members:
            return JsonBody(_decoded(members), None, is_query=True)
        return _count_shape(members)
    except msgspec.ValidationError as error:
        json.loads(text)  # the shape was found wrong before the end was read, and that may not even be JSON
        raise Invalid(f"The body does not have the right shape: {error}.", [field_error(str(error), "links")]) from None


def is_ndjson(body: bytes) -> bool:
    """Whether a file that is not one JSON text has an object on its first line."""
    first_line, _, rest = body.removeprefix(BOM).lstrip(BLANKS).partition(b"\n")
    try:
        decode_json(members_decoder, first_line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return bool(rest.strip())


def _count_shape(members: dict[str, msgspec.Raw]) -> JsonBody:
    count = msgspec.json.decode(members.pop("count", b"null"))
    item = {name: members.pop(name) for name in NAMES if name in members}
    options = _decoded(members)
    _check_count(count, item)
    return JsonBody(options, None, count, one_line(msgspec.json.encode(item)))


def _check_count(count: Any, item: dict[str, msgspec.Raw]) -> None:
    for name in ("slug", "short_url"):
        if name in item:
            error = field_error("Leave the slug out, or send a list of links.", name)
            raise Invalid("Several links cannot share one slug.", [error])
    if "url" not in item:
        missing_links = field_error("This field is missing.", "links")
        missing_url = field_error("This field is missing.", "url")
        raise Invalid("Send either links, or url and count.", [missing_links, missing_url])
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= MOST_COUNTED:
        error = field_error(f"This must be a whole number from 1 to {MOST_COUNTED:,}.", "count")
        raise Invalid("The count is out of range.", [error])


def _decoded(members: dict[str, msgspec.Raw]) -> dict[str, Any]:
    return {name: msgspec.json.decode(value) for name, value in members.items()}


def read_all(chunks: Iterable[bytes], limit: int) -> bytes:
    """Collects a body in memory, up to a limit."""
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > limit:
            raise TooLarge(f"JSON can have at most {limit:,} bytes. Send a longer list as NDJSON or CSV.")
    return bytes(body)


def ndjson_lines(items: list[RawItem]) -> Iterator[bytes]:
    """Yields the items as NDJSON, many lines at a time."""
    if not items:
        error = field_error("The list must have at least one item.", "links")
        raise EmptyUpload("The list of links is empty.", [error])
    if len(items) > MOST_LINKS:
        raise TooLarge(f"A JSON list can have at most {MOST_LINKS:,} items. Send a longer one as NDJSON or CSV.")
    for start in range(0, len(items), LINES_AT_ONCE):
        yield b"".join(one_line(bytes(item)) + b"\n" for item in items[start : start + LINES_AT_ONCE])


def one_line(item: bytes) -> bytes:
    """The same JSON without line breaks. They can only stand between tokens, where a blank does as well."""
    return item.replace(b"\n", b" ").replace(b"\r", b" ")


def decode_json(decoder: msgspec.json.Decoder[T], text: bytes) -> T:
    """Decodes JSON. An unpaired surrogate, which cannot be stored, is read as NUL, which no rule lets through."""
    try:
        return decoder.decode(text)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        repaired = ESCAPE.sub(lambda match: rb"\u0000" if match[1] else match[0], text)
        if repaired == text:
            raise
        return decoder.decode(repaired)


ESCAPE = re.compile(rb"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|u([dD][89a-fA-F]..)|.)", re.DOTALL)
"""A surrogate pair, or (group 1) half of one, or any other escape."""
