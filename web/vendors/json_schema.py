"""JSON Schemas of the values that vendors' requests and answers are made of."""

from typing import Any

Schema = dict[str, Any]

ANYTHING: Schema = {}
NULL: Schema = {"type": "null"}
TEXT: Schema = {"type": "string"}
TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
INTEGER: Schema = {"type": "integer"}
INTEGER_OR_NULL: Schema = {"type": ["integer", "null"]}
BOOLEAN: Schema = {"type": "boolean"}
DATE_TIME: Schema = TEXT | {"description": "ISO 8601"}


def json_object(required: Schema, optional: Schema | None = None) -> Schema:
    """Describe an object by the schemas of its members. It may have others."""
    return {"type": "object", "required": list(required), "properties": required | (optional or {})}


def array_of(schema: Schema) -> Schema:
    return {"type": "array", "items": schema}


def any_of(*schemas: Schema) -> Schema:
    return {"anyOf": list(schemas)}
