"""Forms for links: from what people fill in to what the API takes, and back."""

from collections.abc import Iterable, Mapping
from typing import Any

from marshmallow import ValidationError

from models.errors import Conflict, FieldError, Invalid
from web import errors

UTM_FIELDS = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
SHOWN_LINK_FIELDS = ("url", "title", "tags", "group", "expires_at", "max_clicks", "external_id", "comment")
"""The fields that the form of an existing link is filled with."""
WRITE_ONLY_FIELDS = ("password", *UTM_FIELDS)
LINK_FIELDS = (*SHOWN_LINK_FIELDS, *WRITE_ONLY_FIELDS)

TAG_FIELDS = ("tags", "add_tags", "remove_tags")

MINUTE_LENGTH = len("2030-12-31T18:00")
LONGEST_NUMBER = 18


def read_fields(form: Mapping[str, str], names: Iterable[str]) -> dict[str, Any]:
    """Return the fields that are filled in, each with its JSON type."""
    fields = {}
    for name in names:
        text = form.get(name, "").strip()
        if text:
            fields[name] = _parse(name, text)
    return fields


def fill(link: Mapping[str, Any]) -> dict[str, str]:
    """Return the texts of a link's form."""
    texts = {name: "" if link[name] is None else str(link[name]) for name in SHOWN_LINK_FIELDS}
    texts["tags"] = ", ".join(link["tags"])
    texts["expires_at"] = (link["expires_at"] or "")[:MINUTE_LENGTH]
    return texts


def read_changes(link: Mapping[str, Any], form: Mapping[str, str]) -> dict[str, Any]:
    """Return the fields that differ from the link's. An emptied field becomes None, which removes the value."""
    before = fill(link)
    changes: dict[str, Any] = {}
    for name in SHOWN_LINK_FIELDS:
        text = form.get(name, before[name]).strip()
        if text != before[name]:
            changes[name] = _parse(name, text) if text else None
    changes |= read_fields(form, WRITE_ONLY_FIELDS)
    if "unprotect" in form:
        changes["password"] = None
    return changes


def faults_by_field(error: Invalid | Conflict) -> dict[str, str]:
    """Return what is wrong by field; under an empty name what belongs to no field."""
    return _by_first_name(error.errors) or {"": str(error)}


def schema_faults_by_field(error: ValidationError) -> dict[str, str]:
    """Return what a schema refuses, by field; of several messages about a field the first."""
    return _by_first_name(reversed(errors.pointers(error.messages)))


def _by_first_name(faults: Iterable[FieldError]) -> dict[str, str]:
    return {fault["pointer"].strip("/").partition("/")[0]: fault["message"] for fault in faults}


def _parse(name: str, text: str) -> Any:
    if name in TAG_FIELDS:
        return [tag.strip() for tag in text.split(",") if tag.strip()]
    if name == "max_clicks" and text.isascii() and text.isdecimal() and len(text) <= LONGEST_NUMBER:
        return int(text)
    return text  # a wrong value is left to the rules of items, whose message says what would be right
