"""Retention: deletes what a job leaves behind, in steps, when its time is over or its user deletes it. Its links stay.

Its time is over: cleared    upload, items and shards are deleted; the job stays in lists with its counts
Its user deletes it: forgotten    it disappears at once, and its row is deleted last
"""

from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, select, update

from models import store
from models.jobs import jobs, pending_replies, runs, shards
from models.jobs.shards import Shard
from models.links.bulk import deleted_links
from models.partitions import item_ranges
from models.states import ACTIVE_STATUSES, ShardState
from models.tables import deliveries as delivery_rows
from models.tables import delivery_attempts, items, job_clicks, job_errors
from models.tables import jobs as job_rows
from models.tables import shards as shard_rows
from models.webhooks import deliveries
from models.webhooks.deliveries import DeliveryStatus

JOBS_A_CALL = 100
SHARDS_A_STEP = 50
FULL_SHARDS_A_STEP = 2  # a step deletes at most as many items as so many full shards hold


class ClearingJob(NamedTuple):
    """A job whose items and upload are being deleted."""

    id: int
    upload: str
    forgotten_at: datetime | None


class ClearingStep(NamedTuple):
    job: ClearingJob
    is_last: bool


def has_work(db: Connection, before: datetime) -> bool:
    """Return whether a job is to be cleared, or to be cleared further. Jobs that ended before `before` are over."""
    in_progress = select(job_rows.c.id).where(job_rows.c.clearing, ~_AT_WORK)
    over = select(job_rows.c.id).where(_is_over(before))
    return any(db.execute(query.limit(1)).first() for query in (in_progress, over))


def mark_over(db: Connection, before: datetime) -> int:
    """Mark jobs whose time is over: from now on their results are gone. Returns how many."""
    query = select(job_rows.c.id).where(_is_over(before)).order_by(job_rows.c.finished_at).limit(JOBS_A_CALL)
    ids = list(db.execute(store.dialect().skip_locked(query, job_rows)).scalars())
    if not ids:
        return 0
    marked = update(job_rows).where(job_rows.c.id.in_(ids), _is_over(before))
    return db.execute(marked.values(cleared_at=datetime.now(UTC), clearing=True)).rowcount


def forget(db: Connection, job: jobs.Job) -> bool:
    """Hide a job for good; False while it is active or being undone."""
    jobs.lock(db, job.id)
    is_idle = and_(job_rows.c.status.not_in(ACTIVE_STATUSES), ~runs.undo_is_active(job.id))
    forgotten = update(job_rows).where(job_rows.c.id == job.id, job_rows.c.forgotten_at.is_(None), is_idle)
    if not db.execute(forgotten.values(forgotten_at=datetime.now(UTC), clearing=True)).rowcount:
        return False
    deliveries.cancel_for_job(db, job.id)
    pending_replies.forget_job(db, job.workspace_id, job.id)
    return True


def step(db: Connection) -> ClearingStep | None:
    """Delete the next ranges of the next job to be cleared; None when there is no such job."""
    query = select(job_rows.c.id, job_rows.c.upload, job_rows.c.forgotten_at).where(job_rows.c.clearing, ~_AT_WORK)
    query = query.order_by(job_rows.c.id).limit(1)
    row = db.execute(store.dialect().skip_locked(query, job_rows)).one_or_none()
    if row is None:
        return None
    job = ClearingJob._make(row)
    ranges = shards.ranges(db, job.id, SHARDS_A_STEP)
    chosen = _within_limit(ranges)
    if chosen:
        first = chosen[0].first_index
        end = chosen[-1].first_index + chosen[-1].rows
        deleted_links.purge(db, job.id, first, end)
        if job.forgotten_at or not item_ranges.will_drop(db, job.id):
            db.execute(delete(items).where(items.c.job_id == job.id, items.c.index >= first, items.c.index < end))
        db.execute(delete(shard_rows).where(shards.in_first_run(job.id), shard_rows.c.first_index < end))
    is_last = len(chosen) == len(ranges) < SHARDS_A_STEP
    return ClearingStep(job, is_last and not (job.forgotten_at and _delete_some_items(db, job)))


def _delete_some_items(db: Connection, job: ClearingJob) -> bool:
    """Delete items without shards: those that were left to their partition when the job was cleared."""
    limit = FULL_SHARDS_A_STEP * store.dialect().shard_rows
    some = select(items.c.index).where(items.c.job_id == job.id).limit(limit)
    return bool(db.execute(delete(items).where(items.c.job_id == job.id, items.c.index.in_(some))).rowcount)


def _within_limit(ranges: list[Shard]) -> list[Shard]:
    """Return the first ranges that one step may delete: at least one."""
    limit = FULL_SHARDS_A_STEP * store.dialect().shard_rows
    rows = 0
    for count, shard in enumerate(ranges):
        rows += shard.rows
        if rows > limit:
            return ranges[: max(1, count)]
    return ranges


def finish(db: Connection, job: ClearingJob) -> None:
    """Delete what remains of a job whose items are gone: its deliveries, and the job itself if it is forgotten."""
    of_job = select(delivery_rows.c.id).where(delivery_rows.c.job_id == job.id)
    db.execute(delete(delivery_attempts).where(delivery_attempts.c.delivery_id.in_(of_job)))
    for table in (delivery_rows, shard_rows):
        db.execute(delete(table).where(table.c.job_id == job.id))
    if job.forgotten_at:
        for table in (job_errors, job_clicks):
            db.execute(delete(table).where(table.c.job_id == job.id))
        db.execute(delete(job_rows).where(job_rows.c.id == job.id))
    else:
        # A job that was forgotten since the step stays to be cleared: the next step deletes its row.
        is_not_forgotten = and_(job_rows.c.id == job.id, job_rows.c.forgotten_at.is_(None))
        db.execute(update(job_rows).where(is_not_forgotten).values(upload="", clearing=False))


def kept_uploads(db: Connection) -> list[str]:
    """Return the names of the uploads that are still available."""
    query = select(job_rows.c.upload).where(job_rows.c.cleared_at.is_(None), job_rows.c.upload != "")
    return list(db.execute(query.distinct()).scalars())


def _is_over(before: datetime) -> ColumnElement[bool]:
    """Match jobs that ended long ago, except while a webhook of theirs is pending or their links are being deleted."""
    is_old = and_(job_rows.c.finished_at < before, job_rows.c.cleared_at.is_(None))
    return and_(is_old, ~_HAS_PENDING_DELIVERY, ~runs.undo_is_active(job_rows.c.id))


_AT_WORK = exists().where(shard_rows.c.job_id == job_rows.c.id, shard_rows.c.state == ShardState.RUNNING)
_HAS_PENDING_DELIVERY = exists().where(
    delivery_rows.c.job_id == job_rows.c.id, delivery_rows.c.status == DeliveryStatus.PENDING
)
