"""What POST /api/jobs accepts: five kinds of body, each with the job's options in its own place."""

from typing import Any

from marshmallow import Schema

from producer.documents import schemas
from producer.intake.json_bodies import MOST_COUNTED, MOST_LINKS
from web.bodies import FORMAT_OF_TYPE, XLSX
from web.openapi.parts import BINARY, JSON, TEXT, schema_ref

HEADERS = {
    "Prefer": "`wait=N` returns the finished job if it ends within N seconds",
    "Idempotency-Key": "The same key with the same body returns the same job",
    "Content-Encoding": "gzip or none",
}


def description() -> dict[str, Any]:
    """Describe the request body and the parameters."""
    return {"requestBody": {"required": True, "content": _bodies()}, "parameters": _parameters()}


def _bodies() -> dict[str, Any]:
    bodies = {
        JSON: {"schema": {"anyOf": [_list_of_links(), _bare_list(), _counted_link()]}},
        "multipart/form-data": {"schema": _with_options({"file": BINARY["schema"]})},
    }
    for content_type in FORMAT_OF_TYPE:
        bodies[content_type] = BINARY if content_type == XLSX else TEXT
    return bodies


def _list_of_links() -> dict[str, Any]:
    return _with_options({"links": _bare_list()})


def _bare_list() -> dict[str, Any]:
    return {"type": "array", "minItems": 1, "maxItems": MOST_LINKS, "items": schema_ref("ItemRequest")}


def _counted_link() -> dict[str, Any]:
    """Describe one link that is to be created `count` times."""
    fields = _fields(schemas.ItemRequestSchema)
    url = fields.pop("url")
    count = {"type": "integer", "minimum": 1, "maximum": MOST_COUNTED}
    return _with_options({"url": url, "count": count}, fields)


def _with_options(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    properties = required | (optional or {}) | _fields(schemas.JobOptionsSchema)
    return {"type": "object", "required": list(required), "properties": properties, "additionalProperties": False}


def _fields(schema: type[Schema]) -> dict[str, Any]:
    name = schema.__name__.removesuffix("Schema")
    return {field: schema_ref(f"{name}/properties/{field}") for field in schema().fields}


def _parameters() -> list[dict[str, Any]]:
    """Describe the options of a file that is the whole body: they are in the query, structured ones as JSON."""
    parameters = []
    for name in schemas.JobOptionsSchema().fields:
        parameters.append({"in": "query", "name": name, "description": "As in a JSON body"} | TEXT)
    for name, text in HEADERS.items():
        parameters.append({"in": "header", "name": name, "description": text} | TEXT)
    return parameters
