"""Unclicked links of a job: what an undo deletes."""

from typing import NamedTuple

from sqlalchemy import Connection, Select, and_, delete, exists, select

from models.link_key import columns_of, rows_of
from models.tables import clicks, link_clicks, link_tags, links, untitled, urls, uses


class Removal(NamedTuple):
    deleted: int
    """How many links this call deleted; others may have been deleted before."""
    kept_slugs: set[str]
    """The slugs of links that still exist."""


def remove(db: Connection, domain_id: int, job_id: int, slugs: Select[str]) -> Removal:
    """Delete those of a job's links with these slugs that were never clicked.

    A link that another job made later under the same slug is another link and stays.
    """
    own = and_(links.c.domain_id == domain_id, links.c.slug.in_(slugs), links.c.job_id == job_id)
    key = columns_of(links)
    was_clicked = exists().where(rows_of(clicks, key), clicks.c.bot.is_(False))
    was_used = exists().where(rows_of(uses, key))
    deleted = db.execute(delete(links).where(own, ~was_clicked, ~was_used)).rowcount
    for table in (link_tags, untitled, clicks, link_clicks, urls):
        has_link = exists().where(rows_of(links, columns_of(table)))
        orphaned = and_(table.c.domain_id == domain_id, table.c.slug.in_(slugs), ~has_link)
        db.execute(delete(table).where(orphaned))
    kept_slugs = set(db.execute(select(links.c.slug).where(own)).scalars())
    return Removal(deleted, kept_slugs)
