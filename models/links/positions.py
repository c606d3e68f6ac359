"""The order of the links of a workspace, in SQL."""

from typing import Any

from sqlalchemy import literal, tuple_

from models.cursors import LinkPosition
from models.tables import links
from models.tables.columns import StoredTime

COLUMNS = (links.c.created_at, links.c.slug, links.c.domain_id)
"""What links are sorted by. Some may share their created_at, as an import gave it, so the slug and domain count too."""


def literal_of(position: LinkPosition) -> Any:
    """A position as SQL, to be compared with COLUMNS."""
    created_at = literal(position.created_at, StoredTime)  # SQLite compares text, so both sides must be spelled alike
    return tuple_(created_at, literal(position.slug), literal(position.domain_id))
