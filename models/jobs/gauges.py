"""Gauges: what is open and what waits, from indexes of nothing else."""

from sqlalchemy import Connection, func, select

from models.jobs.shards import OPEN
from models.jobs.states import ACTIVE_STATUSES, ShardState
from models.tables import deliveries, jobs, shards


def open_jobs(db: Connection) -> dict[str, int]:
    """How many jobs have not ended, by status."""
    query = select(jobs.c.status, func.count()).where(jobs.c.finished_at.is_(None)).group_by(jobs.c.status)
    return {status.value: 0 for status in sorted(ACTIVE_STATUSES)} | {
        status: int(count) for status, count in db.execute(query)
    }


def open_shards(db: Connection) -> dict[tuple[str, str], int]:
    """How many shards wait or are worked on, by queue and state."""
    grouped = (shards.c.queue, shards.c.state)
    query = select(*grouped, func.count()).where(OPEN, shards.c.state != ShardState.SKIPPED).group_by(*grouped)
    return {(queue, state): int(count) for queue, state, count in db.execute(query)}


def deliveries_waiting(db: Connection) -> int:
    return int(db.execute(select(func.count()).where(deliveries.c.next_at.is_not(None))).scalar_one())
