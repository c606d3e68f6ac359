"""The JSON body of one link: an object whose members stay undecoded until the rules need them."""

from collections.abc import Iterable
from typing import Any

import msgspec

from models.errors import BrokenJson
from producer.intake import json_bodies
from producer.intake.json_bodies import decode_json
from producer.intake.ndjson_batch import decoder

LARGEST_LINK_BYTES = 1 << 16
BROKEN = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

Fields = dict[str, msgspec.Raw]


def split_fields(chunks: Iterable[bytes]) -> Fields:
    """Split a body into its members, each still as it was sent."""
    try:
        return decode_json(json_bodies.members_decoder, json_bodies.read_all(chunks, LARGEST_LINK_BYTES))
    except BROKEN as error:
        raise BrokenJson(f"The body is not a JSON object: {error}") from None


def decode_fields(fields: Fields) -> dict[str, Any]:
    try:
        return {name: decode_json(decoder, bytes(value)) for name, value in fields.items()}
    except BROKEN as error:
        raise BrokenJson(f"The body is not JSON: {error}") from None


def encode_fields(values: dict[str, Any]) -> Fields:
    """Bring values that did not arrive as JSON into the same form."""
    return {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in values.items()}
