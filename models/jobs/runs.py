"""Runs: a job that is cancelled, retried or undone. Each change is one guarded statement and its effects."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    and_,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from models import store
from models.accounts import quotas
from models.jobs import jobs, leases, shards
from models.jobs.jobs import Job
from models.jobs.leases import Claim
from models.jobs.shards import Grant, Shard
from models.states import ACTIVE_STATUSES, UPLOAD_KINDS, ItemStatus, JobStatus, ShardKind, ShardState
from models.tables import items, job_errors
from models.tables import jobs as job_rows
from models.tables import shards as shard_rows


def cancel(db: Connection, job_id: int) -> bool:
    """Skip the shards that no worker has claimed; those that are being worked on go on. False: the job has ended."""
    active = (job_rows.c.id == job_id, job_rows.c.status.in_(ACTIVE_STATUSES))
    first_time = func.coalesce(job_rows.c.cancelled_at, datetime.now(UTC))
    if not db.execute(update(job_rows).where(*active).values(cancelled_at=first_time)).rowcount:
        return False
    skip_queued(db, job_id)
    return True


def skip_queued(db: Connection, job_id: int) -> None:
    """Skip the shards of a cancelled job that no worker has claimed, and give back what they reserved."""
    # A split goes on, so that the rest of the upload is counted.
    queued = select(*shards.KEY_COLUMNS).where(
        shard_rows.c.job_id == job_id,
        shard_rows.c.state == ShardState.QUEUED,
        shard_rows.c.kind != ShardKind.SPLIT,
    )
    # A shard that is being claimed is left to its worker, who skips it. To wait for it would be a deadlock: the claim
    # of a job's first shard waits for the job's row.
    free = shards.is_among(store.dialect().skip_locked(queued, shard_rows))
    skipped = update(shard_rows).where(free).values(state=ShardState.SKIPPED).returning(*shards.GRANT_COLUMNS)
    quotas.give_back_all(db, [Grant._make(row) for row in db.execute(skipped)])


def skip_shard(db: Connection, claim: Claim) -> None:
    """Skip a shard that was claimed just before its job was cancelled."""
    leases.finish(db, claim, ShardState.SKIPPED)
    jobs.lock(db, claim.job_id)  # of two that skip the last shards, the later one sees that both are over
    quotas.give_back(db, claim.workspace_id, claim.granted, claim.granted_at)


def retry(db: Connection, job: Job) -> bool:
    """Open the next run: failed items lose their result, and every range with an item without one runs again."""
    # An undo that has begun in another transaction holds this lock. A statement that waits for a row and finds it
    # unchanged would not look for the undo again.
    jobs.lock(db, job.id)
    this_run = and_(job_rows.c.id == job.id, job_rows.c.run == job.run)
    has_rows = and_(job_rows.c.kind.in_(UPLOAD_KINDS), ~job_rows.c.dry_run)
    has_ended = job_rows.c.status.in_((JobStatus.COMPLETED, JobStatus.CANCELLED))
    has_upload = and_(job_rows.c.cleared_at.is_(None), job_rows.c.forgotten_at.is_(None))
    succeeded = job_rows.c.created + job_rows.c.updated + job_rows.c.deleted + job_rows.c.existing
    is_incomplete = job_rows.c.total > succeeded
    next_run = {
        "run": job.run + 1,
        "status": JobStatus.QUEUED,
        "failed": 0,
        "run_base_count": succeeded,
        "started_at": None,
        "finished_at": None,
        "progressed_at": None,
        "rate_base_at": None,
        "cancelled_at": None,
    }
    opened = update(job_rows).where(this_run, has_rows, has_ended, has_upload, is_incomplete)
    if not db.execute(opened.where(~undo_is_active(job.id)).values(next_run)).rowcount:
        return False
    _add_shards_of_next_run(db, job)
    db.execute(delete(items).where(items.c.job_id == job.id, items.c.status == ItemStatus.FAILED))
    db.execute(delete(job_errors).where(job_errors.c.job_id == job.id))
    return True


def _add_shards_of_next_run(db: Connection, job: Job) -> None:
    """Copy the ranges that hold a failed item, or that the run before skipped."""
    skipped = shard_rows.alias("skipped")
    end = shard_rows.c.first_index + shard_rows.c.rows
    has_failed_item = exists().where(
        items.c.job_id == job.id,
        items.c.index >= shard_rows.c.first_index,
        items.c.index < end,
        items.c.status == ItemStatus.FAILED,
    )
    was_skipped = exists().where(
        skipped.c.job_id == job.id,
        skipped.c.run == job.run,
        skipped.c.state == ShardState.SKIPPED,
        skipped.c.first_index >= shard_rows.c.first_index,
        skipped.c.first_index < end,
    )
    ranges = and_(shards.in_first_run(job.id), or_(was_skipped, has_failed_item))
    changes = {"job_id": job.id, "run": job.run + 1, "kind": job.kind, "queue": job.queue}
    _copy_ranges(db, ranges, changes, (*RANGE, "after_index"))


def start_undo(db: Connection, job: Job, undo_job: dict[str, Any]) -> None:
    """Add a job that takes back what another one did, in the same ranges.

    Values that were changed return in the other direction: the shards of such a job count from the end, and wait for
    each other where those of the job that is undone did.
    """
    changes = {"job_id": undo_job["id"], "run": 1, "kind": ShardKind.UNDO, "queue": undo_job["queue"]}
    if not job.updated:
        jobs.add(db, undo_job)
        _copy_ranges(db, shards.in_first_run(job.id), changes, RANGE)
        return
    former = shards.ranges(db, job.id)
    end = former[-1].first_index + former[-1].rows
    jobs.add(db, undo_job | {"options": undo_job["options"] | {"end": end}})
    is_ordered = job.run > 1 or _has_order(db, job.id)
    rows = [_from_end(shard, end, is_ordered) | changes for shard in reversed(former)]
    shards.add(db, [row | {"workspace_id": job.workspace_id, "state": ShardState.QUEUED} for row in rows])


def _has_order(db: Connection, job_id: int) -> bool:
    waits = exists().where(shards.in_first_run(job_id), shard_rows.c.after_index.is_not(None))
    return bool(db.execute(select(waits)).scalar_one())


def _from_end(shard: Shard, end: int, is_ordered: bool) -> dict[str, Any]:
    first = end - shard.first_index - shard.rows
    place = {name: getattr(shard, name) for name in ("line", "offset", "length", "skip", "rows")}
    return place | {"first_index": first, "after_index": first if is_ordered else None}


RANGE = ("first_index", "workspace_id", "line", "offset", "length", "skip", "rows")


def _copy_ranges(db: Connection, ranges: ColumnElement[bool], changes: dict[str, Any], copied: tuple[str, ...]) -> None:
    """Add queued shards that have these columns of others."""
    values = changes | {"state": ShardState.QUEUED}
    columns = [literal(value, shard_rows.c[name].type).label(name) for name, value in values.items()]
    source = select(*columns, *(shard_rows.c[name] for name in copied)).where(ranges)
    db.execute(insert(shard_rows).from_select([*values, *copied], source))


def is_being_undone(db: Connection, job_id: int) -> bool:
    return bool(db.execute(select(undo_is_active(job_id))).scalar_one())


def undo_is_active(job_id: int | Column[Any]) -> ColumnElement[bool]:
    """Match a job while another job deletes its links."""
    undo_job = job_rows.alias("undo_job")
    return exists().where(undo_job.c.of_job_id == job_id, undo_job.c.finished_at.is_(None))
