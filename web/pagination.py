"""Lists: a page of rows, and where the next one begins."""

from collections.abc import Callable, Sequence
from typing import Any

from flask import Response, jsonify


def page(rows: Sequence[Any], limit: int, shape: Callable[[Any], dict[str, Any]], cursor: str = "id") -> Response:
    """The first `limit` of one row more than that: whether there is one more tells whether there is a next page."""
    found = [shape(row) for row in rows[:limit]]
    return jsonify(items=found, next_cursor=str(found[-1][cursor]) if len(rows) > limit else None)
