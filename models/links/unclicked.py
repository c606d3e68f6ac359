"""Links of a job that nobody has clicked: what an undo deletes."""

from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, exists, select

from models.jobs.states import ItemStatus
from models.tables import clicks, items, link_tags, links, untitled, urls, uses


class Left(NamedTuple):
    removed: int
    """How many links went just now: others may have been deleted before."""
    slugs: set[str]
    """Of those that are there still."""


def remove(db: Connection, domain_id: int, job_id: int, first: int, rows: int) -> Left:
    """Deletes the links that a range of a job made and nobody clicked.

    A link with such a slug that another job made since is another link, and none of theirs.
    """
    slugs = select(items.c.slug).where(
        items.c.job_id == job_id,
        items.c.index >= first,
        items.c.index < first + rows,
        items.c.status == ItemStatus.CREATED,
    )
    ours = and_(links.c.domain_id == domain_id, links.c.slug.in_(slugs), links.c.job_id == job_id)
    clicked = exists().where(*_same(clicks), clicks.c.bot.is_(False))
    removed = db.execute(delete(links).where(ours, ~clicked, ~exists().where(*_same(uses)))).rowcount
    for table in (link_tags, untitled, clicks, urls):
        left = (table.c.domain_id == domain_id, table.c.slug.in_(slugs), ~exists().where(*_same(table)))
        db.execute(delete(table).where(*left))
    return Left(removed, set(db.execute(select(links.c.slug).where(ours)).scalars()))


def _same(table: Table) -> tuple[ColumnElement[bool], ...]:
    return tuple(table.c[name] == links.c[name] for name in ("domain_id", "slug", "generation"))
