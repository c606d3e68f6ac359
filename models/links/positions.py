"""The orders of a list of links. That by clicks is in `click_lists`."""

from enum import StrEnum
from typing import Any

from sqlalchemy import Select, literal, null, tuple_

from models.cursors import ItemPosition, LinkPosition, ListPosition
from models.link_key import LinkKey
from models.links import job_links
from models.links.job_links import JobLinks
from models.tables import items, links
from models.tables.columns import StoredTime

COLUMNS = (links.c.created_at, links.c.slug, links.c.domain_id)
"""What links are sorted by. Some may share their created_at, as an import gave it, so the slug and domain count too."""

Place = tuple[LinkKey, ListPosition]
"""A link, and where it is in a list."""


class LinkOrder(StrEnum):
    """How a list is sorted. The links of a job follow its items, unless they are sorted by clicks."""

    NEWEST = "newest"
    OLDEST = "oldest"
    CLICKS = "clicks"


def sort(
    query: Select[Any], job: JobLinks | None, after: ListPosition | None, order: LinkOrder = LinkOrder.NEWEST
) -> Select[Any]:
    """Begin behind a position of the same list, and add the item's index."""
    if job:
        query = job_links.join_items(query, job).add_columns(items.c.index)
        if isinstance(after, ItemPosition):
            query = query.where(items.c.index > after.at)
        return query.order_by(items.c.index)
    query = query.add_columns(null())
    position = literal_of(after) if isinstance(after, LinkPosition) else None
    if order == LinkOrder.OLDEST:
        if position is not None:
            query = query.where(tuple_(*COLUMNS) > position)
        return query.order_by(*COLUMNS)
    if position is not None:
        query = query.where(tuple_(*COLUMNS) < position)
    return query.order_by(*(column.desc() for column in COLUMNS))


def literal_of(position: LinkPosition) -> Any:
    """A position as SQL, to be compared with COLUMNS."""
    created_at = literal(position.created_at, StoredTime)  # SQLite compares text, so both sides must be spelled alike
    return tuple_(created_at, literal(position.slug), literal(position.domain_id))


def is_behind(position: ListPosition, other: ListPosition) -> bool:
    """Whether a position comes later in a list: of a job, or of the newest first."""
    if isinstance(position, ItemPosition):
        return isinstance(other, ItemPosition) and position > other
    return isinstance(position, LinkPosition) and isinstance(other, LinkPosition) and position < other
