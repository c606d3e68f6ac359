"""Doubles: what a dry run met twice in its file, in shards that could not know of each other. The first one wins."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, func, literal, select, update

from models import store
from models.jobs import jobs
from models.jobs.states import ItemStatus
from models.links.url_index import Duplicates
from models.tables import items

TAKEN = "SLUG_TAKEN"
LONE = '{"lone"%'  # the input of a row that shares no link: see workers/columns.py


def settle(db: Connection, job_id: int, options: dict[str, Any]) -> None:
    """Corrects the items of a dry run that has ended, and its counts."""
    store.dialect().join_at_large(db)
    known = _correct(db, job_id, items.c.external_id, {"status": ItemStatus.EXISTING})
    if options.get("duplicates") == Duplicates.REUSE:
        sharing = case((items.c.input.not_like(LONE), items.c.input))
        known += _correct(db, job_id, sharing, {"status": ItemStatus.EXISTING})
    message = literal("Custom slug '") + items.c.slug + literal("' is already in use")
    failed = {"status": ItemStatus.FAILED, "slug": None, "error_code": TAKEN, "error_message": message}
    taken = _correct(db, job_id, items.c.slug, failed)
    if known or taken:
        jobs.record(db, job_id, -known - taken, known, {TAKEN: taken} if taken else {})


def _correct(db: Connection, job_id: int, key: ColumnElement[Any], values: dict[str, Any]) -> int:
    """Gives each row that was to be made, and has the key of an earlier one, another result."""
    made = and_(items.c.job_id == job_id, items.c.status == ItemStatus.CREATED, key.is_not(None))
    first, slug = (
        func.first_value(column).over(partition_by=key, order_by=items.c.index)
        for column in (items.c.index, items.c.slug)
    )
    ranked = select(items.c.index.label("at"), first.label("first"), slug.label("slug")).where(made).subquery()
    later = select(ranked.c.at, ranked.c.slug).where(ranked.c.at > ranked.c.first).subquery()
    this = and_(items.c.job_id == job_id, items.c.index == later.c.at)
    return db.execute(update(items).where(this).values({"slug": later.c.slug} | values)).rowcount
