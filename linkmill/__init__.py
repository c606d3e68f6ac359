"""Linkmill's client: the command line, and a library for Python. It imports nothing of the server."""

from importlib import import_module
from typing import Any

PLACES = {
    "Client": ".client",
    "Job": ".job",
    "LinkmillError": ".errors",
    "RequestRefused": ".errors",
    "ServerAway": ".errors",
    "ConnectionBroken": ".errors",
    "JobFailed": ".errors",
    "WaitTimeout": ".errors",
}
"""Where each name is; it is imported when it is used, so that the command line starts quickly. Types: __init__.pyi."""

__all__ = list(PLACES)


def __getattr__(name: str) -> Any:
    if name not in PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(PLACES[name], __name__), name)
