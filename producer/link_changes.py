"""A change to a link, judged by the rules that links are made by, as a batch of one row."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from models.links import passwords
from models.links.links import Link
from producer.fields import item_fields
from producer.intake.layouts import NDJSON, Layout
from producer.intake.reading import read_batch
from producer.rules.item_errors import invalid, item_error
from producer.rules.judging import JudgingContext, judge
from producer.rules.utm import with_utm

STORED_AS_TIMES = ("expires_at", "disabled")
"""Fields that are judged to a time as text."""


@dataclass(frozen=True, slots=True)
class LinkChange:
    values: dict[str, Any]
    """By column of `links`."""
    tags: list[str] | None
    """None leaves them as they are."""


def link_change(link: Link, request: Mapping[str, Any], context: JudgingContext) -> LinkChange:
    """Works out what a request changes about a link. Raises Invalid or Conflict when it breaks a rule."""
    _refuse_unknown(request)
    if "disabled" in request and request["disabled"] is None:
        raise invalid("disabled", "INVALID_TYPE", "disabled must be true or false.")
    judged = _judge(link, request, context)
    values: dict[str, Any] = {}
    for name, column in item_fields.COLUMNS.items():
        if _changes(name, request):
            values[column] = _stored(name, judged.get(name))
    if values.get("disabled_at") and link.disabled_at:
        values["disabled_at"] = link.disabled_at
    tags = (judged.get("tags") or []) if "tags" in request else None
    return LinkChange(values, tags)


def _refuse_unknown(request: Mapping[str, Any]) -> None:
    for name in request:
        field = item_fields.BY_NAME.get(name)
        if field and field.changeable:
            continue
        if field:
            raise invalid(name, "UNKNOWN_FIELD", f"The {name} of a link cannot be changed.")
        raise invalid(name, "UNKNOWN_FIELD", f"A link has no field {name[:64]!r}.")


def _judge(link: Link, item: Mapping[str, Any], context: JudgingContext) -> dict[str, Any]:
    """The normalised values of the one item."""
    # The URL of the link is not judged again: it may be longer than one that is sent, or on a domain that is ours now.
    row = msgspec.json.encode({"url": STAND_IN, **item}) + b"\n"
    judged = judge(read_batch(row, Layout(NDJSON), 1, 0, 1), context)
    if judged.problems:
        raise item_error(*judged.problems[0], item)
    values = {name: column[0] for name, column in judged.columns.items()}
    utm = {name: item[name] for name in item_fields.UTM if item.get(name)}
    if utm and "url" not in item:
        values["url"] = with_utm(link.url, utm)
    return values


STAND_IN = "https://stand-in.invalid/"


def _changes(name: str, item: Mapping[str, Any]) -> bool:
    """Whether the request names the field, or has a value for a field that becomes a part of it."""
    return name in item or any(item.get(part) for part in item_fields.parts_of(name))


def _stored(name: str, value: Any) -> Any:
    if name == "password" and value:
        return passwords.hash_password(value)
    if name in STORED_AS_TIMES and value:
        return datetime.fromisoformat(value).replace(tzinfo=UTC)
    return value
