"""Clicks of all links of a workspace: by day, and of the links with the most."""

from datetime import date
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, func, select

from models.clicks import click_totals
from models.link_key import LinkKey, columns_of, rows_of
from models.tables import clicks, link_clicks, workspace_clicks

FIRST_LINKS = 100


class TopLink(NamedTuple):
    """A link and its clicks, without those of bots."""

    key: LinkKey
    clicks: int


def by_day(db: Connection, workspace_id: int, since: date) -> list[tuple[date, int]]:
    """The days with clicks from one day on, the oldest first."""
    query = select(workspace_clicks.c.day, workspace_clicks.c.count).order_by(workspace_clicks.c.day)
    query = query.where(workspace_clicks.c.workspace_id == workspace_id, workspace_clicks.c.day >= since)
    return list(db.execute(query).tuples())


def top_links(db: Connection, workspace_id: int, since: date, limit: int) -> list[TopLink]:
    """The links with the most clicks from one day on.

    No link has more of them than it has in all. So when some have been counted, those with a larger total are left.
    """
    was_clicked = and_(click_totals.of_workspace(workspace_id), link_clicks.c.last_day >= since)
    first = _count(db, was_clicked, since, limit, FIRST_LINKS)
    least = first[-1].clicks if len(first) == limit else 0
    rest = _count(db, and_(was_clicked, link_clicks.c.total > least), since, limit)
    both = {link.key: link for link in first + rest}
    return sorted(both.values(), key=_place)[:limit]


def _count(
    db: Connection, condition: ColumnElement[bool], since: date, limit: int, candidates: int | None = None
) -> list[TopLink]:
    """Count the clicks of links with the largest totals, and return those with the most."""
    by_total = select(*columns_of(link_clicks)).where(condition)
    if candidates:
        by_total = by_total.order_by(*click_totals.MOST_FIRST).limit(candidates)
    links = by_total.subquery("links")
    count = func.sum(clicks.c.count)
    key = columns_of(links)
    query = select(*key, count).join(clicks, rows_of(clicks, key)).where(clicks.c.bot.is_(False), clicks.c.day >= since)
    query = query.group_by(*key).order_by(count.desc(), links.c.slug).limit(limit)
    return [TopLink(LinkKey(*own), int(total)) for *own, total in db.execute(query)]


def _place(link: TopLink) -> tuple[int, str]:
    return -link.clicks, link.key.slug
