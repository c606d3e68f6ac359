"""Bytes on their way in: decompressed and bounded as they arrive, never held."""

import zlib
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from models.errors import BrokenGzip, BrokenJson, EmptyUpload, Invalid, TooLarge
from producer.intake.formats import BOM, FIELDS, from_json

CHUNK = 1 << 20
LARGEST_RATIO = 200
RATIO_MATTERS_FROM = 16 << 20
LARGEST_JSON = 64 << 20
MOST_LINKS = 100_000
MOST_COUNTED = 5_000_000

pieces = msgspec.json.Decoder(dict[str, msgspec.Raw])
raw_items = msgspec.json.Decoder(list[msgspec.Raw])


def gunzip(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Decompresses any number of gzip members; a bomb is told by its ratio before it is large."""
    inflate, taken, given = zlib.decompressobj(wbits=31), 0, 0
    for chunk in chunks:
        taken += len(chunk)
        while chunk:
            out, inflate, chunk = _inflated(inflate, chunk)
            given += len(out)
            if given > RATIO_MATTERS_FROM and given > LARGEST_RATIO * taken:
                raise TooLarge(f"the upload grows more than {LARGEST_RATIO} times when decompressed")
            if out:
                yield out
    if not inflate.eof and taken:
        raise BrokenGzip("the gzip data ends before its end")


def _inflated(inflate: Any, chunk: bytes) -> tuple[bytes, Any, bytes]:
    if inflate.eof:  # another member follows
        inflate = zlib.decompressobj(wbits=31)
    try:
        out = inflate.decompress(chunk, CHUNK)
    except zlib.error as error:
        raise BrokenGzip(f"the gzip data is broken: {error}") from None
    return out, inflate, inflate.unconsumed_tail or inflate.unused_data


def whole(chunks: Iterable[bytes], limit: int) -> bytes:
    held = bytearray()
    for chunk in chunks:
        held += chunk
        if len(held) > limit:
            raise TooLarge(f"a JSON body has at most {limit:,} bytes; send a larger list as a file")
    return bytes(held)


def json_body(body: bytes) -> tuple[dict[str, Any], list[msgspec.Raw] | None, int, bytes]:
    """Takes a JSON request apart: options, the list of items or None, and for the count shape N and its one item."""
    try:
        parts = from_json(pieces, body.removeprefix(BOM))
        if "links" in parts:
            links = raw_items.decode(parts.pop("links"))
            return _decoded(parts), links, 0, b""
        count = msgspec.json.decode(parts.pop("count", b"null"))
        item = {name: parts.pop(name) for name in FIELDS if name in parts}
        return _decoded(parts), None, _count(count, item), one_line(msgspec.json.encode(item))
    except msgspec.ValidationError as error:
        raise Invalid(f"the body is not as it should be: {error}", [_at("/links", str(error))]) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BrokenJson(f"the body is not JSON: {error}") from None
    except RecursionError:
        raise BrokenJson("the body is nested too deeply") from None


def one_line(item: bytes) -> bytes:
    """A newline in JSON can only stand between tokens, so a blank does as well."""
    return item.replace(b"\n", b" ").replace(b"\r", b" ")


def lines(items: list[msgspec.Raw]) -> Iterator[bytes]:
    """Items as NDJSON."""
    if not items:
        raise EmptyUpload("the list of links is empty", [_at("/links", "at least one item")])
    if len(items) > MOST_LINKS:
        raise TooLarge(f"a JSON list has at most {MOST_LINKS:,} items; send a longer one as a file")
    for at in range(0, len(items), 1000):
        yield b"".join(one_line(bytes(item)) + b"\n" for item in items[at : at + 1000])


def _decoded(parts: dict[str, msgspec.Raw]) -> dict[str, Any]:
    return {name: msgspec.json.decode(value) for name, value in parts.items()}


def _count(count: Any, item: dict[str, msgspec.Raw]) -> int:
    if "slug" in item:
        raise Invalid("many links cannot share one slug", [_at("/slug", "not with count")])
    if "url" not in item:
        raise Invalid("either links, or url and count", [_at("/links", "missing"), _at("/url", "missing")])
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= MOST_COUNTED:
        raise Invalid("count is out of range", [_at("/count", f"a whole number from 1 to {MOST_COUNTED:,}")])
    return count


def _at(pointer: str, message: str) -> dict[str, str]:
    return {"pointer": pointer, "code": "INVALID_VALUE", "message": message}
