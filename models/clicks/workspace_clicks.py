"""Clicks of all links of a workspace: by day, and of the links with the most."""

from datetime import date
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, Subquery, and_, exists, func, select

from models.link_key import LinkKey, columns_of, rows_of
from models.tables import clicks, job_clicks, jobs, links


class TopLink(NamedTuple):
    """A link and its clicks, without those of bots."""

    key: LinkKey
    clicks: int


def by_day(db: Connection, workspace_id: int, since: date) -> list[tuple[date, int]]:
    """The days with clicks from one day on, the oldest first."""
    day = job_clicks.c.day
    query = select(day, func.sum(job_clicks.c.count)).where(job_clicks.c.job_id.in_(_jobs_of(workspace_id)))
    query = query.where(day >= since).group_by(day).order_by(day)
    return [(day, int(count)) for day, count in db.execute(query)]


def top_links(db: Connection, workspace_id: int, since: date, limit: int) -> list[TopLink]:
    """The links with the most clicks from one day on."""
    count = func.sum(clicks.c.count)
    key = columns_of(clicks)
    query = select(*key, count).where(_by_people(workspace_id), clicks.c.day >= since).group_by(*key)
    rows = db.execute(query.order_by(count.desc(), clicks.c.slug).limit(limit))
    return [TopLink(LinkKey(*key), int(total)) for *key, total in rows]


def of_links(workspace_id: int) -> Subquery:
    """Count the clicks of each link that has any.

    No index has them, so the statement reads all click rows of the workspace: a million take about a second.
    """
    key = columns_of(clicks)
    query = select(*key, func.sum(clicks.c.count).label("clicks")).where(_by_people(workspace_id))
    return query.group_by(*key).subquery("counted")


def has_clicks(workspace_id: int) -> ColumnElement[bool]:
    """Whether a link is one of those."""
    return and_(links.c.job_id.in_(_jobs_of(workspace_id)), was_clicked())


def was_clicked() -> ColumnElement[bool]:
    """Whether people clicked a link here."""
    return exists().where(rows_of(clicks, columns_of(links)), clicks.c.bot.is_(False))


def _by_people(workspace_id: int) -> ColumnElement[bool]:
    return and_(clicks.c.job_id.in_(_jobs_of(workspace_id)), clicks.c.bot.is_(False))


def _jobs_of(workspace_id: int) -> Select[tuple[int]]:
    return select(jobs.c.id).where(jobs.c.workspace_id == workspace_id)
