"""Examples of requests and answers: those of the vendors' own documentation, and ours."""

import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
REQUEST = "request"
JSON = "application/json"
OF_SCHEMAS = "schemas"


def of_schemas() -> dict[str, Any]:
    """By the name of a schema."""
    found: dict[str, Any] = json.loads((HERE / f"{OF_SCHEMAS}.json").read_text())
    return found


def of_calls() -> dict[str, dict[str, dict[str, Any]]]:
    """By call, like `POST /api/bulk`: by where it stands, `request` or a status, by name."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for path in sorted(HERE.glob("*.json")):
        for call, places in {} if path.stem == OF_SCHEMAS else json.loads(path.read_text()).items():
            for place, named in places.items():
                found.setdefault(call, {}).setdefault(place, {}).update(named)
    return found


def add(call: str, operation: dict[str, Any]) -> None:
    """Puts the examples of a call where they belong in its description."""
    for place, named in CALLS.get(call, {}).items():
        spot = operation["requestBody"] if place == REQUEST else operation["responses"][place]
        for name, value in named.items():
            kind = next((kind for kind in spot["content"] if name.startswith(kind)), JSON)
            spot["content"][kind].setdefault("examples", {})[name] = {"value": value}


CALLS, SCHEMAS = of_calls(), of_schemas()
