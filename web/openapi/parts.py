"""Pieces that descriptions of operations are made of."""

from typing import Any

JSON = "application/json"
PROBLEM = "application/problem+json"
TEXT: dict[str, Any] = {"schema": {"type": "string"}}
BINARY: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
ANYTHING: dict[str, Any] = {}


def schema_ref(name: str) -> dict[str, Any]:
    """Refer to a schema among the components."""
    return {"$ref": f"#/components/schemas/{name}"}


def response(description: str, schema: dict[str, Any], content_type: str = JSON) -> dict[str, Any]:
    return {"description": description, "content": {content_type: {"schema": schema}}}
