"""Duplicates: rows of a dry run that want the same slug, external id or URL as an earlier row. The first one wins.

Its shards write nothing that another shard could see, so only the end of the dry run can find them.
"""

from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, func, literal, select, update

from models import store
from models.jobs import jobs
from models.jobs.jobs import Results
from models.links.url_index import Duplicates
from models.states import ItemStatus
from models.tables import items

SLUG_TAKEN = "SLUG_TAKEN"


def correct(db: Connection, job_id: int, options: dict[str, Any]) -> None:
    """Correct the items of a dry run that has ended, and its counts."""
    store.dialect().plan_large_joins(db)
    is_existing = {"status": ItemStatus.EXISTING}
    existing = _correct_later_rows(db, job_id, items.c.external_id, is_existing)
    if options.get("duplicates") == Duplicates.REUSE:
        shared_url = case((items.c.reuses_url, items.c.input))
        existing += _correct_later_rows(db, job_id, shared_url, is_existing)
    message = literal("Custom slug '") + items.c.slug + literal("' is already in use")
    has_failed = {"status": ItemStatus.FAILED, "slug": None, "error_code": SLUG_TAKEN, "error_message": message}
    failed = _correct_later_rows(db, job_id, items.c.slug, has_failed)
    if existing or failed:
        failures = {SLUG_TAKEN: failed} if failed else {}
        jobs.record(db, job_id, Results(created=-existing - failed, existing=existing, failures=failures))


def _correct_later_rows(db: Connection, job_id: int, key: ColumnElement[Any], values: dict[str, Any]) -> int:
    """Change each row to be created that has the key of an earlier one; return how many there are.

    A row that turns out to exist gets the slug of the first one.
    """
    to_create = and_(items.c.job_id == job_id, items.c.status == ItemStatus.CREATED, key.is_not(None))
    first_index = func.first_value(items.c.index).over(partition_by=key, order_by=items.c.index)
    first_slug = func.first_value(items.c.slug).over(partition_by=key, order_by=items.c.index)
    ranked = select(items.c.index.label("at"), first_index.label("first"), first_slug.label("slug"))
    ranked_rows = ranked.where(to_create).subquery()
    later = select(ranked_rows.c.at, ranked_rows.c.slug).where(ranked_rows.c.at > ranked_rows.c.first).subquery()
    is_later = and_(items.c.job_id == job_id, items.c.index == later.c.at)
    return db.execute(update(items).where(is_later).values({"slug": later.c.slug} | values)).rowcount
