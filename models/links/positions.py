"""The orders of a list of links, in SQL."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, and_, func, literal, null, or_, select, tuple_, union_all

from models.clicks import workspace_clicks
from models.cursors import ClickPosition, ItemPosition, LinkPosition, ListPosition
from models.link_key import columns_of, rows_of
from models.links import job_links
from models.links.job_links import JobLinks
from models.tables import items, links
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


def rank_by_clicks(
    workspace_id: int,
    conditions: Sequence[ColumnElement[bool]],
    job: JobLinks | None,
    after: ClickPosition | None,
    limit: int,
) -> Subquery:
    """Select the links with the most clicks, counted here or elsewhere, behind a position."""
    counted = workspace_clicks.of_links(workspace_id)
    opening = func.coalesce(links.c.opening_clicks, 0)
    columns = (*columns_of(links), links.c.created_at)
    clicked_here = select(*columns, (counted.c.clicks + opening).label("clicks"))
    clicked_here = clicked_here.join(counted, rows_of(counted, columns_of(links)))
    clicked_elsewhere = select(*columns, links.c.opening_clicks.label("clicks"))
    clicked_elsewhere = clicked_elsewhere.where(_has_opening(), ~workspace_clicks.has_clicks(workspace_id))
    parts = []
    for part in (clicked_here, clicked_elsewhere):
        part = part.where(*conditions)
        parts.append(job_links.join_items(part, job) if job else part)
    ranks = union_all(*parts).subquery("ranks")
    query = select(*columns_of(ranks), ranks.c.clicks)
    if after:
        is_behind = tuple_(*_columns_in(ranks)) < literal_of(after.link)
        query = query.where(or_(ranks.c.clicks < after.clicks, and_(ranks.c.clicks == after.clicks, is_behind)))
    most_first = [column.desc() for column in (ranks.c.clicks, *_columns_in(ranks))]
    return query.order_by(*most_first).limit(limit).subquery("ranked")


def sort_by_rank(query: Select[Any], ranks: Subquery) -> Select[Any]:
    """Sort the links of `rank_by_clicks`, and add their clicks."""
    most_first = [column.desc() for column in (ranks.c.clicks, *COLUMNS)]
    return query.add_columns(null(), ranks.c.clicks).order_by(*most_first)


def has_clicks(workspace_id: int) -> ColumnElement[bool]:
    """Whether a link is one of those that `rank_by_clicks` sorts."""
    return or_(_has_opening(), workspace_clicks.has_clicks(workspace_id))


def _has_opening() -> ColumnElement[bool]:
    """With the condition of a partial index."""
    return and_(links.c.opening_clicks.is_not(None), links.c.opening_clicks > 0)


def _columns_in(ranks: Subquery) -> tuple[Any, Any, Any]:
    return ranks.c.created_at, ranks.c.slug, ranks.c.domain_id


def literal_of(position: LinkPosition) -> Any:
    """A position as SQL, to be compared with COLUMNS."""
    created_at = literal(position.created_at, StoredTime)  # SQLite compares text, so both sides must be spelled alike
    return tuple_(created_at, literal(position.slug), literal(position.domain_id))
