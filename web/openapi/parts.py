"""The parts that descriptions are made of."""

from typing import Any

JSON = "application/json"
PROBLEM = "application/problem+json"
TEXT: dict[str, Any] = {"schema": {"type": "string"}}
FILE: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
BEARER: list[dict[str, list[str]]] = [{"token": []}]
SCHEMES = {
    "token": {"type": "http", "scheme": "bearer"},
    "bare": {"type": "apiKey", "in": "header", "name": "Authorization", "description": "the token as it is"},
    "apikey": {"type": "apiKey", "in": "header", "name": "apikey", "description": "the token as it is"},
    "consumer": {"type": "http", "scheme": "basic", "description": "consumer key and secret"},
}


def of(name: str) -> dict[str, Any]:
    """A schema that has its place among the components."""
    return {"$ref": f"#/components/schemas/{name}"}


def answer(description: str, schema: dict[str, Any], kind: str = JSON) -> dict[str, Any]:
    return {"description": description, "content": {kind: {"schema": schema}}}
