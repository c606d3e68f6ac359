"""Pages of lists in HTTP: the cursor of a query, and a page as a response."""

from collections.abc import Mapping
from typing import Any

from flask import Response, jsonify

from models import cursors
from producer.resources.pages import Page


def respond(page: Page) -> Response:
    return jsonify(items=page.items, next_cursor=page.next_cursor)


def read_after(query: Mapping[str, Any], first: int = 0) -> int:
    """Read the cursor of a list that ascends: the id or index that the page starts after."""
    number = cursors.decode_number(query.get("cursor", ""))
    return first if number is None else number


def read_before(query: Mapping[str, Any]) -> int | None:
    """Read the cursor of a list whose newest item comes first; None means its beginning."""
    return cursors.decode_number(query.get("cursor", ""))
