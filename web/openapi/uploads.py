"""What POST /api/jobs takes: five bodies, and options in each its own place."""

from typing import Any

from marshmallow import Schema

from producer.documents import schemas
from producer.intake.json_bodies import MOST_COUNTED, MOST_LINKS
from web.bodies import OF_TYPE, XLSX
from web.openapi.parts import FILE, JSON, TEXT, of

HEADERS = {
    "Prefer": "`wait=N` answers with the finished job, if it ends within N seconds",
    "Idempotency-Key": "the same key and body again is the same job again",
    "Content-Encoding": "gzip or none",
}


def taken() -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": _bodies()}, "parameters": _parameters()}


def _bodies() -> dict[str, Any]:
    files = {kind: FILE if kind == XLSX else TEXT for kind in OF_TYPE}
    return {JSON: {"schema": {"anyOf": [_listed(), _counted()]}}, "multipart/form-data": {"schema": _form()}} | files


def _listed() -> dict[str, Any]:
    links = {"type": "array", "minItems": 1, "maxItems": MOST_LINKS, "items": of("ItemRequest")}
    return _with_options({"links": links})


def _counted() -> dict[str, Any]:
    item, count = _fields(schemas.ItemRequest), {"type": "integer", "minimum": 1, "maximum": MOST_COUNTED}
    return _with_options({"url": item.pop("url"), "count": count}, item)


def _form() -> dict[str, Any]:
    return _with_options({"file": FILE["schema"]})


def _with_options(required: dict[str, Any], more: dict[str, Any] | None = None) -> dict[str, Any]:
    properties = required | (more or {}) | _fields(schemas.JobOptions)
    return {"type": "object", "required": list(required), "properties": properties, "additionalProperties": False}


def _fields(schema: type[Schema]) -> dict[str, Any]:
    return {name: of(f"{schema.__name__}/properties/{name}") for name in schema().fields}


def _parameters() -> list[dict[str, Any]]:
    """Of a file that is the whole body, options stand in the query; those with a structure are JSON there."""
    said = [("query", name, "as in a JSON body") for name in schemas.JobOptions().fields]
    said += [("header", name, text) for name, text in HEADERS.items()]
    return [{"in": place, "name": name, "description": text} | TEXT for place, name, text in said]
