"""Dispatch: for which shards a worker is to be woken, and how many wake-ups of a job are under way."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Integer, and_, bindparam, case, func, literal_column, select, update

from models import store
from models.jobs.order import IS_READY
from models.jobs.shards import COLUMNS, KEY_COLUMNS, NOT_DONE, Shard, is_among
from models.states import UPLOAD_KINDS, ShardState
from models.tables import shards

RESEND_SECONDS = 5.0
MAX_DOUBLINGS = 5  # of the time until a shard is sent again


def mark_due(db: Connection, job_id: int, room: int) -> list[Shard]:
    """Mark the next shards of a job as sent and return them: at most `room` wake-ups are under way at once."""
    queued = and_(shards.c.job_id == job_id, shards.c.state == ShardState.QUEUED)
    is_under_way = _is_under_way()
    under_way = db.execute(select(func.count()).where(queued, is_under_way)).scalar_one()
    if under_way >= room:
        return []
    chosen = select(*KEY_COLUMNS).where(queued, IS_READY, ~is_under_way).order_by(*KEY_COLUMNS).limit(room - under_way)
    mark = update(shards).where(is_among(store.dialect().skip_locked(chosen, shards)))
    sends = case((shards.c.sends < MAX_DOUBLINGS, shards.c.sends + 1), else_=shards.c.sends)
    mark = mark.values(sent_at=store.dialect().clock(), sends=sends)
    return [Shard._make(row) for row in db.execute(mark.returning(*COLUMNS))]


def jobs_to_wake(db: Connection, queue: str, limit: int) -> list[int]:
    """List jobs with queued shards and no wake-up under way, those that have waited longest first."""
    is_under_way = _is_under_way()
    query = select(shards.c.job_id).where(*_is_queued_in(queue), IS_READY).group_by(shards.c.job_id)
    query = query.having(func.max(case((is_under_way, 1), else_=0)) == 0)
    query = query.order_by(func.max(func.coalesce(shards.c.sent_at, 0.0)), shards.c.job_id).limit(limit)
    return list(db.execute(query).scalars())


def count_queued(db: Connection, queue: str) -> int:
    """Count the shards of a queue that a worker is to claim."""
    return int(db.execute(select(func.count()).where(*_is_queued_in(queue))).scalar_one())


def has_backlog(db: Connection, workspace_id: int, queue: str, length: int) -> bool:
    """Return whether that many new shards of a workspace, or more, wait in a queue."""
    values = {"of_workspace": workspace_id, "of_queue": queue, "before": length - 1}
    return db.execute(_WAITING_AFTER, values).first() is not None


def reset_lost(db: Connection, queue: str) -> int:
    """Forget the wake-ups of a queue that is empty at the broker: no worker can have received them.

    Shards that others have locked are left to the next sweep. Waiting for one with others locked could be a deadlock.
    """
    now = store.dialect().clock()
    is_lost = ~shards.c.sent_at.between(now - RESEND_SECONDS, now)
    queued = select(*KEY_COLUMNS).where(*_is_queued_in(queue), is_lost)
    lost = update(shards).where(is_among(store.dialect().skip_locked(queued, shards)))
    lost = lost.values(sent_at=None, sends=0).returning(shards.c.first_index)
    return len(db.execute(lost).all())


def _is_under_way() -> ColumnElement[bool]:
    """Whether a wake-up was sent lately: one from the future was sent before the clock was put back."""
    now = store.dialect().clock()
    return func.coalesce(shards.c.sent_at.between(now - _RESEND_AFTER, now), False)


def _is_queued_in(queue: str) -> tuple[ColumnElement[bool], ...]:
    return (shards.c.queue == queue, shards.c.state == ShardState.QUEUED, NOT_DONE)


# Built once: every small job asks for it. However long the backlog is, it reads `before` entries of an index.
_WAITING_AFTER = (
    select(shards.c.first_index)
    .where(
        shards.c.queue == bindparam("of_queue"),
        shards.c.kind.in_(UPLOAD_KINDS),
        shards.c.state == ShardState.QUEUED,
        NOT_DONE,
        shards.c.workspace_id == bindparam("of_workspace"),
    )
    .limit(1)
    .offset(bindparam("before"))
)

# Each wake-up that had no effect doubles the time until the next one.
_RESEND_AFTER: ColumnElement[Any] = RESEND_SECONDS / 2 * literal_column("(1 << sends)", Integer())
