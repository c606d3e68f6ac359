"""A change to a link: judged by the rules that links are made by, as a batch of one."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import msgspec

from models.links import passwords
from models.links.links import Link
from producer.intake import batch
from producer.intake.formats import FIELDS, NDJSON, Layout
from producer.rules.item_errors import invalid, refusal
from producer.rules.judging import UTM, Known, judge

COLUMN_OF = {
    "url": "url",
    "title": "title",
    "password": "password_hash",
    "expires_at": "expires_at",
    "max_clicks": "max_clicks",
    "group": "group_id",
    "external_id": "external_id",
}
CHANGEABLE = (*(name for name in FIELDS if name != "slug"), "disabled")


@dataclass(frozen=True, slots=True)
class Change:
    values: dict[str, Any]
    """By column of the link."""
    tags: list[str] | None
    """None: as they are."""


def of(link: Link, asked: Mapping[str, Any], known: Known) -> Change:
    """What a request makes of a link; raises when it breaks a rule."""
    _refuse_unknown(asked)
    given = {name: value for name, value in asked.items() if name != "disabled"}
    judged = _judged(link, given, known)
    leads = "url" in given or any(given.get(name) for name in UTM)
    ends = "expires_at" in given or bool(given.get("ttl"))
    changed = [name for name in COLUMN_OF if {"url": leads, "expires_at": ends}.get(name, name in given)]
    values = {COLUMN_OF[name]: _stored(name, judged.get(name)) for name in changed}
    return Change(values | _disabled(link, asked), (judged.get("tags") or []) if "tags" in given else None)


def _refuse_unknown(asked: Mapping[str, Any]) -> None:
    for name in asked.keys() - set(CHANGEABLE):
        message = "a link keeps its slug" if name == "slug" else f"a link has no field {name[:64]!r} to change"
        raise invalid(name, "UNKNOWN_FIELD", message)


def _judged(link: Link, given: Mapping[str, Any], known: Known) -> dict[str, Any]:
    """The values of the one item, normalised. A URL that stays as it was is not judged anew."""
    item = msgspec.json.encode({"url": link.url, **given}) + b"\n"
    known = known if "url" in given else replace(known, authorities=frozenset())
    judged = judge(batch.read(item, Layout(NDJSON), 1, 0, 1), known)
    if judged.problems:
        raise refusal(*judged.problems[0], given)
    return {name: column[0] for name, column in judged.columns.items()}


def _stored(name: str, value: Any) -> Any:
    if name == "password" and value:
        return passwords.hashed(value)
    if name == "expires_at" and value:
        return datetime.fromisoformat(value).replace(tzinfo=UTC)
    return value


def _disabled(link: Link, asked: Mapping[str, Any]) -> dict[str, Any]:
    if "disabled" not in asked:
        return {}
    if not isinstance(asked["disabled"], bool):
        raise invalid("disabled", "INVALID_TYPE", "disabled is true or false")
    return {"disabled_at": (link.disabled_at or datetime.now(UTC)) if asked["disabled"] else None}
