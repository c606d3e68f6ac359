"""The orders of a list of links, in SQL."""

from enum import StrEnum
from typing import Any

from sqlalchemy import Select, literal, null, tuple_

from models.clicks import click_totals
from models.cursors import ClickPosition, ItemPosition, LinkPosition, ListPosition
from models.link_key import columns_of, rows_of
from models.links import job_links
from models.links.job_links import JobLinks
from models.tables import items, link_clicks, links
from models.tables.columns import StoredTime

COLUMNS = (links.c.created_at, links.c.slug, links.c.domain_id)
"""What links are sorted by. Some may share their created_at, as an import gave it, so the slug and domain count too."""


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


def sort_by_clicks(
    query: Select[Any], workspace_id: int, job: JobLinks | None, after: ClickPosition | None
) -> Select[Any]:
    """Restrict a query to links with clicks, the most first, behind a position, and add their clicks."""
    query = query.join(link_clicks, rows_of(link_clicks, columns_of(links)))
    query = query.add_columns(null(), link_clicks.c.total).where(click_totals.of_workspace(workspace_id))
    if job:
        query = job_links.join_items(query, job)
    if after:
        position = tuple_(literal(after.clicks), literal(after.link.domain_id), literal(after.link.slug))
        query = query.where(tuple_(*click_totals.BY_RANK) < position)
    return query.order_by(*click_totals.MOST_FIRST)


def literal_of(position: LinkPosition) -> Any:
    """A position as SQL, to be compared with COLUMNS."""
    created_at = literal(position.created_at, StoredTime)  # SQLite compares text, so both sides must be spelled alike
    return tuple_(created_at, literal(position.slug), literal(position.domain_id))
