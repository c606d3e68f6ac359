"""Clicks of all links of a workspace: by day, and of the links with the most."""

from datetime import date
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, case, func, literal, select, tuple_

from models.clicks.click_totals import RANK
from models.link_key import LinkKey, columns_of, rows_of
from models.tables import clicks, link_clicks, links, workspace_clicks


class TopLink(NamedTuple):
    """A link and its clicks, without those of bots."""

    key: LinkKey
    clicks: int


def by_day(db: Connection, workspace_id: int, since: date) -> list[tuple[date, int]]:
    """The days with clicks from one day on, the oldest first."""
    query = select(workspace_clicks.c.day, workspace_clicks.c.count).order_by(workspace_clicks.c.day)
    query = query.where(workspace_clicks.c.workspace_id == workspace_id, workspace_clicks.c.day >= since)
    return [(day, count) for day, count in db.execute(query)]


def top_links(db: Connection, workspace_id: int, since: date, limit: int) -> list[TopLink]:
    """The links with the most clicks from one day on.

    A link has no more of them than in all. So once those with the largest totals are counted, few others can have more.
    """
    was_clicked = and_(link_clicks.c.workspace_id == workspace_id, link_clicks.c.last_day >= since)
    by_total = [column.desc() for column in RANK]
    last = db.execute(select(*RANK).where(was_clicked).order_by(*by_total).limit(1).offset(limit - 1)).one_or_none()
    if last is None:
        return _count(db, was_clicked, since, limit)
    position = tuple_(*map(literal, last))
    first = _count(db, and_(was_clicked, tuple_(*RANK) >= position), since, limit)
    least = first[-1].clicks if len(first) == limit else 0
    others = and_(was_clicked, tuple_(*RANK) < position, link_clicks.c.total > least)
    return sorted(first + _count(db, others, since, limit), key=_place)[:limit]


def _count(db: Connection, condition: ColumnElement[bool], since: date, limit: int) -> list[TopLink]:
    """Count the clicks of links, and return those with the most."""
    key = columns_of(link_clicks)
    counted = select(*key, _clicks_from(since).label("recent")).where(condition).subquery("counted")
    query = select(counted).where(counted.c.recent > 0).order_by(counted.c.recent.desc(), counted.c.slug).limit(limit)
    return [TopLink(LinkKey(*own), int(recent)) for *own, recent in db.execute(query)]


def _clicks_from(since: date) -> ColumnElement[int]:
    """The clicks of a link from one day on. If it had none before, they are its total, and its rows are not read."""
    key = columns_of(link_clicks)
    of_link = rows_of(clicks, key)
    first_day = select(clicks.c.day).where(of_link).order_by(clicks.c.day).limit(1).scalar_subquery()
    opening = select(links.c.opening_clicks).where(rows_of(links, key)).scalar_subquery()
    counted = select(func.sum(clicks.c.count)).where(of_link, clicks.c.day >= since, clicks.c.bot.is_(False))
    return case((first_day >= since, link_clicks.c.total - func.coalesce(opening, 0)), else_=counted.scalar_subquery())


def _place(link: TopLink) -> tuple[int, str]:
    return -link.clicks, link.key.slug
