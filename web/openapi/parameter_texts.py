"""The description and the example of every parameter. A schema's own description is kept."""

from typing import Any

from web.openapi import examples


def describe(call: str, parameters: list[dict[str, Any]]) -> None:
    """Add what the parameters of a call («GET /api/jobs») lack."""
    for parameter in parameters:
        texts = _texts(call, parameter["name"])
        parameter.setdefault("description", texts.get("description", ""))
        if "example" in texts:
            parameter.setdefault("example", texts["example"])


def _texts(call: str, name: str) -> dict[str, Any]:
    texts: dict[str, Any] = examples.PARAMETERS["*"].get(name, {})
    own_texts: dict[str, Any] = examples.PARAMETERS.get(call, {}).get(name, {})
    return texts | own_texts
