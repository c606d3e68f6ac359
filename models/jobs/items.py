"""Items: one row of an upload each, with its result."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, func, select

from models import store
from models.cursors import LARGEST_INDEX
from models.link_key import rows_of
from models.states import ItemStatus
from models.store import Columns
from models.tables import deleted_links, items, links


class ItemResult(NamedTuple):
    """An item's result. `at` is its index; a tuple has an index() of its own."""

    at: int
    line: int
    status: str
    slug: str | None
    error_code: str | None
    error_message: str | None
    domain_id: int | None = None
    """None: the domain of the job."""
    changes: str | None = None


class Item(NamedTuple):
    """An item as lists show it. `url` is that of its link, while that link exists."""

    at: int
    line: int
    status: str
    slug: str | None
    error_code: str | None
    error_message: str | None
    external_id: str | None
    custom_id: str | None
    input: str | None
    url: str | None
    domain_id: int | None = None
    changes: str | None = None
    """What was changed about its link, as JSON."""


class CreatedItem(NamedTuple):
    """An item that created a link. `url` is None when that link is gone."""

    at: int
    line: int
    slug: str
    generation: int
    external_id: str | None
    custom_id: str | None
    url: str | None
    domain_id: int | None = None


class LinkedItem(NamedTuple):
    """An item's result and its link; the link's fields are None when it has none, or its link is gone."""

    at: int
    line: int
    status: str
    slug: str | None
    error_code: str | None
    error_message: str | None
    generation: int | None
    url: str | None
    title: str | None
    created_at: datetime | None
    expires_at: datetime | None
    group_id: int | None
    max_clicks: int | None
    domain_id: int | None = None


class ItemLink(NamedTuple):
    slug: str
    generation: int
    domain_id: int | None = None


def write(db: Connection, columns: Columns, rows: int) -> None:
    """Insert many items. A range may have none: that of an undo has only the links that exist."""
    if rows:
        store.dialect().bulk_insert(db, items, columns, rows)


def page(
    db: Connection, job_id: int, domain_id: int, statuses: Sequence[str], after: int, limit: int, error_code: str = ""
) -> list[Item]:
    """List a job's items behind an index; no statuses means all, and so does no error code."""
    url = func.coalesce(links.c.url, deleted_links.c.url)
    query = select(*_RESULT, items.c.external_id, items.c.custom_id, items.c.input, url, items.c.domain_id)
    query = query.add_columns(items.c.changes).outerjoin(links, _is_link_of_item(domain_id))
    query = query.outerjoin(deleted_links, _IS_DELETED_BY_ITEM)
    query = query.where(items.c.job_id == job_id, items.c.index > min(after, LARGEST_INDEX))
    if statuses:
        query = query.where(items.c.status.in_(statuses))
    if error_code:
        query = query.where(items.c.error_code == error_code)
    return [Item._make(row) for row in db.execute(query.order_by(items.c.index).limit(limit))]


def indexes(db: Connection, job_id: int, first: int, rows: int) -> list[int]:
    """List the indexes of the items of a range that have a result."""
    return list(db.execute(select(items.c.index).where(_in_range(job_id, first, rows))).scalars())


def in_range(db: Connection, job_id: int, first: int, rows: int) -> list[ItemResult]:
    """List the items of one shard."""
    query = select(*_RESULT, items.c.domain_id, items.c.changes).where(_in_range(job_id, first, rows))
    query = query.order_by(items.c.index)
    return [ItemResult._make(row) for row in db.execute(query).all()]


def created_in_range(db: Connection, job_id: int, domain_id: int, first: int, rows: int) -> list[CreatedItem]:
    """List the items of a range that created a link."""
    own = (_RESULT[0], items.c.line, items.c.slug, items.c.generation, items.c.external_id, items.c.custom_id)
    query = select(*own, links.c.url, items.c.domain_id).outerjoin(links, _is_link_of_item(domain_id))
    query = query.where(_in_range(job_id, first, rows), items.c.status == ItemStatus.CREATED)
    return [CreatedItem._make(row) for row in db.execute(query.order_by(items.c.index))]


def created_slugs(job_id: int, first: int, rows: int, own_domain_id: int | None = None) -> Select[str]:
    """Select the slugs that a range of a job created on one domain; None: that of the job."""
    on_domain = items.c.domain_id.is_not_distinct_from(own_domain_id)
    return select(items.c.slug).where(_in_range(job_id, first, rows), items.c.status == ItemStatus.CREATED, on_domain)


def with_links(db: Connection, job_id: int, domain_id: int) -> list[LinkedItem]:
    """List all items of a job, each with its link."""
    link = (links.c.url, links.c.title, links.c.created_at, links.c.expires_at, links.c.group_id, links.c.max_clicks)
    query = select(*_RESULT, items.c.generation, *link, items.c.domain_id).outerjoin(links, _is_link_of_item(domain_id))
    query = query.where(items.c.job_id == job_id).order_by(items.c.index)
    return [LinkedItem._make(row) for row in db.execute(query).all()]


def links_of(db: Connection, job_id: int) -> list[ItemLink]:
    """List the links that a job's items have, in input order."""
    query = select(items.c.slug, items.c.generation, items.c.domain_id)
    query = query.where(items.c.job_id == job_id, items.c.slug.is_not(None))
    return [ItemLink._make(row) for row in db.execute(query.order_by(items.c.index))]


def first_failure(db: Connection, job_id: int) -> ItemResult | None:
    """Find the first item of a job that failed."""
    query = select(*_RESULT).where(items.c.job_id == job_id, items.c.status == ItemStatus.FAILED)
    row = db.execute(query.order_by(items.c.index).limit(1)).first()
    return ItemResult(*row) if row else None


def results(db: Connection, job_id: int) -> list[ItemResult]:
    """List the results of all items of a job, without their links: the slug is enough for many answers."""
    return [ItemResult._make(row) for row in db.execute(_ALL_RESULTS, {"of_job": job_id})]


def _in_range(job_id: int, first: int, rows: int) -> ColumnElement[bool]:
    return and_(items.c.job_id == job_id, items.c.index >= first, items.c.index < first + rows)


def _is_link_of_item(domain_id: int) -> ColumnElement[bool]:
    """Match an item's own link. A slug that was deleted and created again is another link."""
    return rows_of(links, (func.coalesce(items.c.domain_id, domain_id), items.c.slug, items.c.generation))


_IS_DELETED_BY_ITEM = and_(deleted_links.c.deleted_by == items.c.job_id, deleted_links.c.item_index == items.c.index)
_RESULT = (
    items.c.index.label("at"),
    items.c.line,
    items.c.status,
    items.c.slug,
    items.c.error_code,
    items.c.error_message,
)
# Built once: every answer to a vendor's call needs it.
_ALL_RESULTS = (
    select(*_RESULT, items.c.domain_id, items.c.changes)
    .where(items.c.job_id == bindparam("of_job"))
    .order_by(items.c.index)
)
