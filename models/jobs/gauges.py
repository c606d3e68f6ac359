"""Gauges: counts of active jobs, active shards and pending deliveries, for metrics. All read partial indexes."""

from sqlalchemy import Connection, func, select

from models.jobs.shards import NOT_DONE
from models.states import ACTIVE_STATUSES, ShardState
from models.tables import deliveries, jobs, shards


def active_jobs(db: Connection) -> dict[str, int]:
    """Count the jobs that have not ended, by status."""
    counts = {status.value: 0 for status in sorted(ACTIVE_STATUSES)}
    query = select(jobs.c.status, func.count()).where(jobs.c.finished_at.is_(None)).group_by(jobs.c.status)
    for status, count in db.execute(query):
        counts[status] = count
    return counts


def active_shards(db: Connection) -> dict[tuple[str, str], int]:
    """Count the shards that are queued or being worked on, by queue and state."""
    query = select(shards.c.queue, shards.c.state, func.count()).group_by(shards.c.queue, shards.c.state)
    rows = db.execute(query.where(NOT_DONE, shards.c.state != ShardState.SKIPPED))
    return {(queue, state): count for queue, state, count in rows}


def pending_deliveries(db: Connection) -> int:
    return int(db.execute(select(func.count()).where(deliveries.c.next_at.is_not(None))).scalar_one())
