"""Clearing: what a job leaves behind goes in steps, when its time is over or when it is forgotten. Its links stay.

kept -> cleared (its time is over: upload, items and shards go, the job stays in the lists with its counts)
kept or cleared -> forgotten (by its owner: nobody sees it any more, and its row goes last)
"""

from datetime import UTC, datetime
from itertools import accumulate
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, exists, select, update

from models import store
from models.jobs import jobs, pending_replies, runs, shards, states
from models.jobs.states import ShardState
from models.tables import deliveries as sent
from models.tables import delivery_attempts, items, job_errors
from models.tables import jobs as job_rows
from models.tables import shards as shard_rows
from models.webhooks import deliveries

MARKED_AT_ONCE = 100
SHARDS_A_STEP = 50
FULL_SHARDS = 2  # as many rows are deleted at once

Leaving = Row[*tuple[Any, ...]]
"""A job that is being cleared."""

AT_WORK = exists().where(shard_rows.c.job_id == job_rows.c.id, shard_rows.c.state == ShardState.RUNNING)
TO_TELL = exists().where(sent.c.job_id == job_rows.c.id, sent.c.status == deliveries.PENDING)


def over(before: datetime) -> ColumnElement[bool]:
    """Jobs that ended so long ago, less those whose webhooks are still to be sent or whose links are being deleted."""
    ended = and_(job_rows.c.finished_at < before, job_rows.c.cleared_at.is_(None))
    return and_(ended, ~TO_TELL, ~runs.undoing(job_rows.c.id))


def waiting(db: Connection, before: datetime) -> bool:
    """Whether there is anything to do."""
    begun = select(job_rows.c.id).where(job_rows.c.clearing, ~AT_WORK)
    return any(db.execute(query.limit(1)).first() for query in (begun, select(job_rows.c.id).where(over(before))))


def begin(db: Connection, before: datetime) -> int:
    """Marks jobs whose time is over: from now on their results are gone. How many there were."""
    query = select(job_rows.c.id).where(over(before)).order_by(job_rows.c.finished_at).limit(MARKED_AT_ONCE)
    ids = list(db.execute(store.dialect().skip_locked(query, job_rows)).scalars())
    marked = update(job_rows).where(job_rows.c.id.in_(ids), over(before))
    return db.execute(marked.values(cleared_at=datetime.now(UTC), clearing=True)).rowcount if ids else 0


def forget(db: Connection, job: jobs.Job) -> bool:
    """Takes a job out of everybody's sight; False while somebody works on it or on the undoing of it."""
    jobs.hold(db, job.id)
    idle = (job_rows.c.status.not_in(states.ACTIVE_STATUSES), job_rows.c.forgotten_at.is_(None), ~runs.undoing(job.id))
    gone = {"forgotten_at": datetime.now(UTC), "clearing": True}
    if not db.execute(update(job_rows).where(job_rows.c.id == job.id, *idle).values(gone)).rowcount:
        return False
    deliveries.give_up_on_job(db, job.id)
    pending_replies.forget(db, job.workspace_id, job.id)
    return True


def step(db: Connection) -> tuple[Leaving, bool] | None:
    """Clears the next ranges of the next job; tells whether they were the last. None: there is nothing to do."""
    query = select(job_rows.c.id, job_rows.c.upload, job_rows.c.forgotten_at).where(job_rows.c.clearing, ~AT_WORK)
    job = db.execute(store.dialect().skip_locked(query.order_by(job_rows.c.id).limit(1), job_rows)).one_or_none()
    if job is None:
        return None
    found = shards.ranges(db, job.id, SHARDS_A_STEP)
    taken = _bounded(found)
    if taken:
        first, last = taken[0].first_index, taken[-1].first_index + taken[-1].rows
        db.execute(delete(items).where(items.c.job_id == job.id, items.c.index >= first, items.c.index < last))
        db.execute(delete(shard_rows).where(shards.base(job.id), shard_rows.c.first_index < last))
    return job, taken == found and len(found) < SHARDS_A_STEP


def end(db: Connection, job: Leaving) -> None:
    """What is left of a job whose items and upload are gone; of one that was forgotten, nothing."""
    mine = select(sent.c.id).where(sent.c.job_id == job.id)
    db.execute(delete(delivery_attempts).where(delivery_attempts.c.delivery_id.in_(mine)))
    for table in (sent, shard_rows):
        db.execute(delete(table).where(table.c.job_id == job.id))
    if job.forgotten_at:
        db.execute(delete(job_errors).where(job_errors.c.job_id == job.id))
        db.execute(delete(job_rows).where(job_rows.c.id == job.id))
    else:
        db.execute(update(job_rows).where(job_rows.c.id == job.id).values(upload="", clearing=False))


def _bounded(found: list[Any]) -> list[Any]:
    sums = accumulate(shard.rows for shard in found)
    most = FULL_SHARDS * store.dialect().shard_rows
    return [shard for shard, rows in zip(found, sums, strict=True) if rows <= most] or found[:1]
