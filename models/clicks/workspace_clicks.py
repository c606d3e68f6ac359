"""Clicks of all links of a workspace: by day, and of the links with the most."""

from datetime import date
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, func, select

from models.link_key import LinkKey, columns_of
from models.tables import clicks, jobs


class TopLink(NamedTuple):
    """A link and its clicks, without those of bots."""

    key: LinkKey
    clicks: int


def by_day(db: Connection, workspace_id: int, since: date) -> list[tuple[date, int]]:
    """The days with clicks from one day on, the oldest first."""
    query = select(clicks.c.day, func.sum(clicks.c.count)).where(_since(workspace_id, since))
    query = query.group_by(clicks.c.day).order_by(clicks.c.day)
    return [(day, int(count)) for day, count in db.execute(query)]


def top_links(db: Connection, workspace_id: int, since: date, limit: int) -> list[TopLink]:
    """The links with the most clicks from one day on."""
    count = func.sum(clicks.c.count)
    key = columns_of(clicks)
    query = select(*key, count).where(_since(workspace_id, since)).group_by(*key)
    rows = db.execute(query.order_by(count.desc(), clicks.c.slug).limit(limit))
    return [TopLink(LinkKey(*key), int(total)) for *key, total in rows]


def _since(workspace_id: int, since: date) -> ColumnElement[bool]:
    of_workspace = select(jobs.c.id).where(jobs.c.workspace_id == workspace_id)
    return and_(clicks.c.job_id.in_(of_workspace), clicks.c.day >= since, clicks.c.bot.is_(False))
