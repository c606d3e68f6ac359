"""Runs: a job that is cancelled, tried again or undone. Each change is one guarded statement, and what follows from it.

queued or running -> cancelled (asked for; ends when the last shard that somebody had begun is through)
completed or cancelled -> queued (retry: the next run, of rows that have no link)
"""

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

from models.accounts import quotas
from models.jobs import jobs, shards, states
from models.jobs.jobs import Job
from models.jobs.shards import Claim
from models.jobs.states import ItemStatus, JobKind, JobStatus, ShardKind, ShardState
from models.tables import items, job_errors
from models.tables import jobs as job_rows
from models.tables import shards as shard_rows

OF_RANGE = ("workspace_id", "queue", "line", "offset", "length", "skip", "rows")


def cancel(db: Connection, job_id: int) -> bool:
    """Nobody takes a shard of this job any more; what somebody has begun, he ends."""
    asked = update(job_rows).where(job_rows.c.id == job_id, job_rows.c.status.in_(states.ACTIVE_STATUSES))
    if not db.execute(asked.values(cancelled_at=func.coalesce(job_rows.c.cancelled_at, datetime.now(UTC)))).rowcount:
        return False
    waiting = (
        shard_rows.c.job_id == job_id,
        shard_rows.c.state == ShardState.QUEUED,
        shard_rows.c.kind != ShardKind.SPLIT,
    )
    skipped = update(shard_rows).where(*waiting).values(state=ShardState.SKIPPED)
    quotas.let_go(db, db.execute(skipped.returning(*shards.GRANT)).all())
    return True


def pass_over(db: Connection, claim: Claim) -> None:
    """Lets go of a shard of a cancelled job without working on it."""
    jobs.hold(db, claim.job_id)
    shards.settle(db, claim, ShardState.SKIPPED)
    quotas.give_back(db, claim.workspace_id, claim.granted, claim.granted_at)


def retry(db: Connection, job: Job) -> bool:
    """Opens the next run: rows that failed lose their result, and every range with a row without one is done again."""
    here = and_(
        job_rows.c.id == job.id, job_rows.c.run == job.run, job_rows.c.kind == JobKind.CREATE, ~job_rows.c.dry_run
    )
    ready = job_rows.c.status.in_((JobStatus.COMPLETED, JobStatus.CANCELLED))
    kept = and_(job_rows.c.cleared_at.is_(None), job_rows.c.forgotten_at.is_(None))
    missing = job_rows.c.total > job_rows.c.created + job_rows.c.existing
    opened = {
        "run": job.run + 1,
        "status": JobStatus.QUEUED,
        "failed": 0,
        "before": job_rows.c.created + job_rows.c.existing,
    } | dict.fromkeys(("started_at", "finished_at", "progressed_at", "paced_at", "cancelled_at"))
    if not db.execute(update(job_rows).where(here, ready, missing, kept, ~undoing(job.id)).values(opened)).rowcount:
        return False
    _cut_again(db, job)
    db.execute(delete(items).where(items.c.job_id == job.id, items.c.status == ItemStatus.FAILED))
    db.execute(delete(job_errors).where(job_errors.c.job_id == job.id))
    return True


def undo(db: Connection, job: Job, row: dict[str, Any]) -> None:
    """Begins a job that takes back what another one made, in the same ranges."""
    jobs.add(db, row)
    _add(db, shards.base(job.id), {"job_id": row["id"], "run": 1, "kind": ShardKind.UNDO, "queue": row["queue"]})


def being_undone(db: Connection, job_id: int) -> bool:
    return bool(db.execute(select(undoing(job_id))).scalar_one())


def undoing(job_id: int | Column[Any]) -> ColumnElement[bool]:
    """Whether a job is open that deletes the links of this one."""
    other = job_rows.alias("other")
    return exists().where(other.c.of_job_id == job_id, other.c.finished_at.is_(None))


def _cut_again(db: Connection, job: Job) -> None:
    skipped = shard_rows.alias("skipped")
    last = shard_rows.c.first_index + shard_rows.c.rows
    failed = exists().where(
        items.c.job_id == job.id,
        items.c.index >= shard_rows.c.first_index,
        items.c.index < last,
        items.c.status == ItemStatus.FAILED,
    )
    left = exists().where(
        skipped.c.job_id == job.id,
        skipped.c.run == job.run,
        skipped.c.state == ShardState.SKIPPED,
        skipped.c.first_index >= shard_rows.c.first_index,
        skipped.c.first_index < last,
    )
    mine = and_(shards.base(job.id), or_(left, failed))
    _add(db, mine, {"job_id": job.id, "run": job.run + 1, "kind": ShardKind.CREATE, "queue": job.queue})


def _add(db: Connection, which: ColumnElement[bool], changed: dict[str, Any]) -> None:
    """New shards with the ranges of others."""
    given = changed | {"state": ShardState.QUEUED}
    same = [shard_rows.c[name] for name in ("first_index", *OF_RANGE) if name not in changed]
    columns = [*(literal(value).label(name) for name, value in given.items()), *same]
    chosen = select(*columns).where(which)
    db.execute(insert(shard_rows).from_select([column.name for column in columns], chosen))
