"""The links of a job: those that its items name, in the order of the items, each once."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, or_, select, text

from models.link_key import rows_of
from models.states import ItemStatus
from models.tables import items, links

RANGE = 10_000


class JobLinks(NamedTuple):
    """The links that the items of one job name."""

    job_id: int
    domain_id: int
    """Of the items that name no domain of their own."""


def join_items(query: Select[Any], job: JobLinks) -> Select[Any]:
    """Restrict a query of links to those of a job, each at the first item that names it."""
    domain_id = func.coalesce(items.c.domain_id, job.domain_id)
    is_link_of_item = rows_of(links, (domain_id, items.c.slug, items.c.generation))
    return query.join(items, and_(items.c.job_id == job.job_id, is_link_of_item)).where(_is_first())


def ranges(db: Connection, job: JobLinks, start: int = 0) -> Iterator[ColumnElement[bool]]:
    """The items of a job, some at a time: PostgreSQL takes all of them for a few, and would rather read every link."""
    last = db.execute(select(func.max(items.c.index)).where(items.c.job_id == job.job_id)).scalar_one()
    for first in range(start, start if last is None else last + 1, RANGE):
        yield and_(items.c.index >= first, items.c.index < first + RANGE)


def belongs_to(job: JobLinks) -> ColumnElement[bool]:
    """Whether a link is one of those. It does not need the items of links that the job created."""
    domain_id = func.coalesce(items.c.domain_id, job.domain_id)
    is_named = exists().where(
        items.c.job_id == job.job_id,
        rows_of(links, (domain_id, items.c.slug, items.c.generation)),
        text(f"items.{NAMES_AGAIN}"),
    )
    return or_(links.c.job_id == job.job_id, is_named)


def _is_first() -> ColumnElement[bool]:
    """A link that the job created has its item. One that was there may be named several times."""
    earlier = items.alias("earlier")
    is_named_before = exists().where(
        earlier.c.job_id == items.c.job_id,
        earlier.c.slug == items.c.slug,
        earlier.c.generation == items.c.generation,
        earlier.c.domain_id.is_not_distinct_from(items.c.domain_id),
        earlier.c.index < items.c.index,
        text(f"earlier.{NAMES_AGAIN}"),  # to the letter, so that a database knows the partial index
    )
    was_there = links.c.job_id != items.c.job_id
    return or_(items.c.status == ItemStatus.CREATED, and_(was_there, ~is_named_before))


NAMES_AGAIN = "status IN ('existing', 'updated')"
