"""Makes items of a living installation a partitioned table. Interrupted, it goes on where it was.

The table becomes the first partition, for all jobs until a day that is still to come. Its rows stay where they are.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

from sqlalchemy import Connection, text

from models import store
from models.ids import creation_of, first_id
from models.partitions import brief_locks, catalog, item_ranges, replacement
from models.partitions.item_ranges import DEFAULT, ITEMS, ONE_DAY, midnight_after

FIRST = "items_before"
CHECK = "items_before_check"
MARGIN = timedelta(days=7)
"""For reading the whole table, and for somebody to notice that this was interrupted."""

Report = Callable[[str], None]


def partition(days: int, report: Report) -> None:
    """Partition items by time, so many days a partition. Workers and web go on meanwhile."""
    with store.read() as db:
        if catalog.is_partitioned(db, ITEMS):
            report("items is partitioned already.")
            return
    end = brief_locks.change(_bound)
    report(f"Reading items: every row must belong to a job from before {creation_of(end):%Y-%m-%d}.")
    with store.write() as db:
        db.exec_driver_sql(f"ALTER TABLE {ITEMS} VALIDATE CONSTRAINT {CHECK}")
    brief_locks.change(partial(_replace, end=end, width=timedelta(days=days)))
    report(f"items is partitioned: {FIRST} has the rows of jobs from before {creation_of(end):%Y-%m-%d}.")


def give_up_late(db: Connection) -> bool:
    """Undo what was interrupted and not taken up again: jobs of later days would fail."""
    end = None if catalog.is_partitioned(db, ITEMS) else _bound_of(db)
    if end is None or creation_of(end) > datetime.now(UTC) + ONE_DAY:
        return False
    db.exec_driver_sql(f"ALTER TABLE {ITEMS} DROP CONSTRAINT {CHECK}")
    return True


def _bound(db: Connection) -> int:
    """Limit the jobs of the table to those until some days from now; return the first id behind them."""
    give_up_late(db)
    end = _bound_of(db)
    if end is None:
        end = first_id(midnight_after(datetime.now(UTC)) + MARGIN)
        db.exec_driver_sql(f"ALTER TABLE {ITEMS} ADD CONSTRAINT {CHECK} CHECK (job_id < {end}) NOT VALID")
    return end


def _bound_of(db: Connection) -> int | None:
    return db.execute(BOUND, {"table": ITEMS, "name": CHECK}).scalar_one_or_none()


def _replace(db: Connection, end: int, width: timedelta) -> bool:
    indexes = replacement.indexes(db, ITEMS)
    replacement.step_aside(db, ITEMS, FIRST)
    replacement.create_parent(db, ITEMS, FIRST, "RANGE (job_id)")
    # The constraint says the same as the bounds, so nothing is read again.
    db.exec_driver_sql(f"ALTER TABLE {ITEMS} ATTACH PARTITION {FIRST} FOR VALUES FROM (MINVALUE) TO ({end})")
    db.exec_driver_sql(f"ALTER TABLE {FIRST} DROP CONSTRAINT {CHECK}")
    db.exec_driver_sql(f"CREATE TABLE {DEFAULT} PARTITION OF {ITEMS} DEFAULT")
    replacement.create_indexes(db, ITEMS, indexes)
    item_ranges.create(db, creation_of(end), creation_of(end) + width)
    return True


BOUND = text(
    r"SELECT CAST(substring(pg_get_constraintdef(oid) FROM '(\d\d+)') AS bigint) FROM pg_constraint"
    " WHERE conrelid = to_regclass(CAST(:table AS text)) AND conname = :name"
)
