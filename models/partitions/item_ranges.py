"""The partitions of items: each holds those of the jobs that were created in one range of time.

They are created in advance. Rows that none of them takes are in the default partition, so no job waits for one. A
partition is dropped when all of its jobs have been cleared.
"""

from datetime import UTC, datetime, timedelta
from functools import partial

from sqlalchemy import Connection, and_, or_, select, text

from models import store
from models.ids import creation_of, first_id
from models.partitions import brief_locks, catalog
from models.partitions.catalog import Partition
from models.tables import jobs

ITEMS = "items"
DEFAULT = "items_other"
ONE_DAY = timedelta(days=1)
AHEAD = timedelta(days=3)
"""How long in advance partitions are created, so that jobs have theirs also while no sweep runs."""


def create_next(db: Connection) -> str:
    """Create the partition after the last one, and return its name; empty when there are enough."""
    last = _ranges(db)[-1]
    assert last.first is not None
    assert last.end is not None
    start = creation_of(last.end)
    now = datetime.now(UTC)
    if start > now + AHEAD:
        return ""
    latest = db.execute(text(f"SELECT max(job_id) FROM {DEFAULT}")).scalar_one()
    if latest is not None and latest >= last.end:
        # This comes too late. What the default partition has taken stays there.
        start = midnight_after(max(creation_of(latest), now))
    width = creation_of(last.end) - creation_of(last.first)
    return create(db, start, start + width)


def create(db: Connection, start: datetime, end: datetime) -> str:
    """Create the partition for the jobs of a time, and return its name."""
    name = f"{ITEMS}_{start:%Y%m%d}"
    # Created beside the table and then attached, it locks out nobody who reads or writes the table.
    db.exec_driver_sql(f"CREATE TABLE {name} (LIKE {ITEMS} INCLUDING ALL)")
    bounds = f"FROM ({first_id(start)}) TO ({first_id(end)})"
    db.exec_driver_sql(f"ALTER TABLE {ITEMS} ATTACH PARTITION {name} FOR VALUES {bounds}")
    return name


def midnight_after(moment: datetime) -> datetime:
    """Return the next beginning of a day in UTC."""
    return moment.replace(hour=0, minute=0, second=0, microsecond=0) + ONE_DAY


def will_drop(db: Connection, job_id: int) -> bool:
    """Return whether a job's items will go with their partition.

    The oldest one is not meant: it was the whole table, so it may be far larger than all that follow.
    """
    return any(
        part.first is not None and part.end is not None and part.first <= job_id < part.end
        for part in catalog.partitions(db, ITEMS)
    )


def drop_cleared(before: datetime) -> int:
    with store.read() as db:
        old = [part for part in _ranges(db)[:-1] if part.end is not None and part.end <= first_id(before)]
    return sum(bool(brief_locks.try_change(partial(_drop_if_cleared, part=part))) for part in old)


def _drop_if_cleared(db: Connection, part: Partition) -> bool:
    is_in_range = and_(jobs.c.id >= (part.first or 0), jobs.c.id < part.end)
    keeps = or_(jobs.c.cleared_at.is_(None), jobs.c.clearing)
    if db.execute(select(jobs.c.id).where(is_in_range, keeps).limit(1)).first():
        return False
    db.exec_driver_sql(f"DROP TABLE {part.name}")
    return True


def _ranges(db: Connection) -> list[Partition]:
    return [part for part in catalog.partitions(db, ITEMS) if part.end is not None]
