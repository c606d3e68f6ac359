"""Forms for links: from what people fill in to what the API takes, and back."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from marshmallow import ValidationError

from models.errors import Conflict, Invalid
from web import errors

UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
LINK = ("url", "title", "tags", "group", "expires_at", "max_clicks", "password", "external_id", *UTM)
KEPT = tuple(name for name in LINK if name not in ("password", *UTM))
"""What a form for a link that is there shows of it."""

MINUTE = 16  # characters of a moment up to its minute


def given(form: Mapping[str, str], names: Iterable[str]) -> dict[str, Any]:
    """The fields that are filled in, each of its JSON type."""
    return {name: _typed(name, form[name].strip()) for name in names if form.get(name, "").strip()}


def parts(fields: Mapping[str, Any]) -> dict[str, msgspec.Raw]:
    return {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in fields.items()}


def filled(link: Mapping[str, Any]) -> dict[str, str]:
    """A link as its form shows it."""
    shown = {name: "" if link[name] is None else str(link[name]) for name in KEPT}
    return shown | {"tags": ", ".join(link["tags"]), "expires_at": (link["expires_at"] or "")[:MINUTE]}


def changes(link: Mapping[str, Any], form: Mapping[str, str]) -> dict[str, Any]:
    """What somebody has changed in the form; what he emptied is taken away."""
    before = filled(link)
    changed = [name for name in KEPT if name in form and form[name].strip() != before[name]]
    found = {name: _typed(name, form[name].strip()) if form[name].strip() else None for name in changed}
    return found | given(form, ("password", *UTM)) | ({"password": None} if "unprotect" in form else {})


def faults(error: Invalid | Conflict) -> dict[str, str]:
    """What is wrong, by field; under no name what is wrong with none of them."""
    found = {fault["pointer"].strip("/").partition("/")[0]: fault["message"] for fault in error.errors}
    return found or {"": str(error)}


def broken(error: ValidationError) -> dict[str, str]:
    """The same of what breaks a schema."""
    found = errors.pointers(error.messages)
    return {fault["pointer"].strip("/").partition("/")[0]: fault["message"] for fault in reversed(found)}


def _typed(name: str, text: str) -> Any:
    if name == "tags":
        return [tag.strip() for tag in text.split(",") if tag.strip()]
    return int(text) if name == "max_clicks" and text.isascii() and text.isdecimal() and len(text) < 19 else text
