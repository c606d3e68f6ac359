"""Examples of requests and answers of our own API. Those of vendors are in web/vendors/examples."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from web.openapi.parts import JSON

FOLDER = Path(__file__).parent


def _load(name: str) -> dict[str, Any]:
    examples: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return examples


BY_CALL = _load("native")
"""By call («POST /api/jobs»), then by place (`request` or a status), then by name."""

BY_SCHEMA = _load("schemas")

PARAMETERS = _load("parameters")
"""By call, then by the parameter's name. Those of «*» are for all calls."""


def add_documented(call: str, operation: dict[str, Any]) -> None:
    """Add the examples of a call of our own, if it has any."""
    add(operation, BY_CALL.get(call, {}))


def add(operation: dict[str, Any], examples: Mapping[str, Mapping[str, Any]]) -> None:
    """Add examples to the request body and to the responses of an operation."""
    for place, values in examples.items():
        body = operation["requestBody"] if place == "request" else operation["responses"][place]
        for name, value in values.items():
            _add_example(body["content"], name, value)


def _add_example(content: dict[str, Any], name: str, value: Any) -> None:
    content_type = _content_type(name, content)
    media = content[content_type]
    # Operations share the constants of web/openapi/parts.py, so an example must not be added in place.
    content[content_type] = media | {"examples": media.get("examples", {}) | {name: {"value": value}}}


def _content_type(name: str, content: dict[str, Any]) -> str:
    """Return the content type that an example's name begins with, or JSON."""
    for content_type in content:
        if name.startswith(content_type):
            return content_type
    return JSON
