"""Items: one row of a job each, with its result."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, select

from models import store
from models.jobs.states import ItemStatus
from models.link_key import rows_of
from models.store import Columns
from models.tables import items, links

OUTCOME = (
    items.c.index.label("at"),  # a row is a tuple, and has an index() of its own
    items.c.line,
    items.c.status,
    items.c.slug,
    items.c.error_code,
    items.c.error_message,
)
Result = Row[*tuple[Any, ...]]

OUTCOMES = select(*OUTCOME).where(items.c.job_id == bindparam("of_job")).order_by(items.c.index)
SHOWN = (*OUTCOME, items.c.external_id, items.c.input)


def write(db: Connection, columns: Columns, rows: int) -> None:
    store.dialect().bulk_insert(db, items, columns, rows)


def page(
    db: Connection, job_id: int, domain_id: int, statuses: Sequence[str], after: int, limit: int
) -> list[Row[*tuple[Any, ...]]]:
    """Items behind an index, each with its link's URL while that very link is there."""
    query = select(*SHOWN, links.c.url).outerjoin(links, _its_link(domain_id))
    query = query.where(items.c.job_id == job_id, items.c.index > after).order_by(items.c.index).limit(limit)
    if statuses:
        query = query.where(items.c.status.in_(statuses))
    return list(db.execute(query).all())


def settled(db: Connection, job_id: int, first: int, rows: int) -> list[int]:
    """Which rows of a range have a result."""
    mine = (items.c.job_id == job_id, items.c.index >= first, items.c.index < first + rows)
    return list(db.execute(select(items.c.index).where(*mine)).scalars())


def made_between(db: Connection, job_id: int, domain_id: int, first: int, rows: int) -> list[Result]:
    """The items of a range that made a link."""
    mine = (
        items.c.job_id == job_id,
        items.c.index >= first,
        items.c.index < first + rows,
        items.c.status == ItemStatus.CREATED,
    )
    query = select(*OUTCOME, items.c.generation, items.c.external_id, links.c.url)
    query = query.outerjoin(links, _its_link(domain_id)).where(*mine)
    return list(db.execute(query.order_by(items.c.index)).all())


def created_slugs(job_id: int, first: int, rows: int) -> Select[str]:
    """A query of the slugs that a range of a job created."""
    in_range = (items.c.job_id == job_id, items.c.index >= first, items.c.index < first + rows)
    return select(items.c.slug).where(*in_range, items.c.status == ItemStatus.CREATED)


def results(db: Connection, job_id: int, domain_id: int) -> list[Result]:
    """All items of a job, each with its link while that very link is there."""
    kept = (links.c.url, links.c.title, links.c.created_at, links.c.expires_at, links.c.group_id, links.c.max_clicks)
    query = (
        select(*OUTCOME, items.c.generation, *kept)
        .outerjoin(links, _its_link(domain_id))
        .where(items.c.job_id == job_id)
    )
    return list(db.execute(query.order_by(items.c.index)).all())


def made(db: Connection, job_id: int) -> list[tuple[str, int]]:
    """Slug and generation of every link that a job's items have, in input order."""
    query = select(items.c.slug, items.c.generation).where(items.c.job_id == job_id, items.c.slug.is_not(None))
    return list(db.execute(query.order_by(items.c.index)).tuples())


def outcomes(db: Connection, job_id: int) -> list[Result]:
    """All items of a job without their links, of which the slug is enough for many an answer."""
    return list(db.execute(OUTCOMES, {"of_job": job_id}))


def between(db: Connection, job_id: int, first: int, rows: int) -> list[tuple[Any, ...]]:
    """The items of one shard: index, line, status, slug, error code and message; the upload has the rest."""
    query = select(*OUTCOME).where(items.c.job_id == job_id, items.c.index >= first, items.c.index < first + rows)
    return list(db.execute(query.order_by(items.c.index)).tuples())


def _its_link(domain_id: int) -> ColumnElement[bool]:
    return rows_of(links, (domain_id, items.c.slug, items.c.generation))
