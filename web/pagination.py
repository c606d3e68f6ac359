"""Pages of lists in HTTP: the cursor of a query, and a page as a response."""

from typing import Any

from flask import Response, jsonify

from producer.resources.pages import Page


def respond(page: Page) -> Response:
    return jsonify(items=page.items, next_cursor=page.next_cursor)


def read_after(query: dict[str, Any], first: int = 0) -> int:
    """Read the cursor of a list that ascends: the id or index that the page starts after."""
    return int(query.get("cursor", first))


def read_before(query: dict[str, Any]) -> int | None:
    """Read the cursor of a list whose newest item comes first; None means its beginning."""
    if "cursor" not in query:
        return None
    return int(query["cursor"])
