"""The operationId of every operation: generated clients name their functions by it."""

import re

from flask import Flask

ARGUMENT = re.compile(r"<(?:\w+:)?(\w+)>")
NO_LETTERS = re.compile(r"[^a-z0-9]+")


def of_views(app: Flask) -> dict[tuple[str, str], str]:
    """Return the names of our own views, by method and path."""
    names = {}
    for rule in app.url_map.iter_rules():
        path = ARGUMENT.sub(r"{\1}", rule.rule)
        for method in rule.methods or ():
            names[method.lower(), path] = rule.endpoint.rpartition(".")[2]
    return names


def of_vendor(vendor: str, action: str, method: str, methods: tuple[str, ...]) -> str:
    """Name a call of a vendor: `dub_bulk_create`. The first method of a call needs no mention."""
    name = f"{vendor}_{action}"
    if method != methods[0]:
        name = f"{name}_{method}"
    return NO_LETTERS.sub("_", name.lower())
