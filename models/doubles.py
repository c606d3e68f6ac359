"""Doubles: what a dry run met twice in its file, in shards that could not know of each other. The first one wins."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, literal, select, update

from models import items as outcomes
from models import jobs
from models.tables import items
from models.tables import jobs as job_rows

TAKEN = "SLUG_TAKEN"


def settle(db: Connection, job_id: int) -> None:
    """Corrects the items of a dry run that has ended, and its counts; other jobs have nothing to correct."""
    if not db.execute(select(job_rows.c.dry_run).where(job_rows.c.id == job_id)).scalar_one():
        return
    known = _correct(db, job_id, items.c.external_id, {"status": outcomes.EXISTING})
    message = literal("Custom slug '") + items.c.slug + literal("' is already in use")
    failed = {"status": outcomes.FAILED, "slug": None, "error_code": TAKEN, "error_message": message}
    taken = _correct(db, job_id, items.c.slug, failed)
    if known or taken:
        jobs.record(db, job_id, -known - taken, known, {TAKEN: taken} if taken else {})


def _correct(db: Connection, job_id: int, key: ColumnElement[Any], values: dict[str, Any]) -> int:
    """Gives each row that was to be made, and has the key of an earlier one, another result."""
    made = and_(items.c.job_id == job_id, items.c.status == outcomes.CREATED)
    grouped = select(key.label("key"), func.min(items.c.index).label("first")).where(made, key.is_not(None))
    first = grouped.group_by(key).having(func.count() > 1).subquery()
    one = items.alias("one")
    same = and_(one.c.job_id == job_id, one.c.index == first.c.first)
    earlier = select(first.c.key, first.c.first, one.c.slug).join(one, same).subquery()
    later = update(items).where(made, key == earlier.c.key, items.c.index > earlier.c.first)
    return db.execute(later.values({"slug": earlier.c.slug} | values)).rowcount
