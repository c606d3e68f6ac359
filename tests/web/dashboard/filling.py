"""Forms of pages, filled in by a client in the test's own process."""

import re
from typing import Any

from flask.testing import FlaskClient

from web import sessions


def form(client: FlaskClient, page: str = "usage", **fields: Any) -> dict[str, object]:
    """The fields of a form with the token that its page has."""
    match = re.search(rf'name="{sessions.TOKEN_FIELD}" value="([^"]+)"', client.get(f"/app/{page}").text)
    assert match
    return fields | {sessions.TOKEN_FIELD: match[1]}
