"""What an item changed about its link, as clients see it: by field, the value before and the value after."""

import json
from datetime import UTC, datetime
from typing import Any

from producer.documents.times import iso_time
from producer.fields.item_fields import TIMES

SECRETS = ("password", "disabled")
"""Shown as true and false: an undo needs more of them than that."""


def change_document(stored: str | None) -> dict[str, list[Any]] | None:
    """`stored`: the JSON that the item keeps, which also is what an undo needs."""
    if stored is None:
        return None
    changes: dict[str, list[Any]] = json.loads(stored)
    return {name: [_shown(name, value) for value in values] for name, values in changes.items()}


def _shown(name: str, value: Any) -> Any:
    if name in SECRETS:
        return bool(value)
    if value is None:
        return None
    if name == "group":
        return value[1]
    if name in TIMES:
        return iso_time(datetime.fromisoformat(value).replace(tzinfo=UTC))
    return value
