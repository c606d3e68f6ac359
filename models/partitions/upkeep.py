"""What a partitioned table needs now and then: new partitions before their time, and the end of old ones."""

from datetime import datetime

from models import store
from models.partitions import brief_locks, catalog, item_ranges, items


def keep(retention_start: datetime) -> dict[str, int]:
    """Create the partitions that will be needed soon, and drop those of which nothing is kept any more.

    What somebody else uses at this moment is left to the next call.
    """
    if not store.dialect().has_partitions:
        return {}
    with store.read() as db:
        is_partitioned = catalog.is_partitioned(db, item_ranges.ITEMS)
    if not is_partitioned:
        return {"given_up": int(bool(brief_locks.try_change(items.give_up_late)))}
    created = 0
    while brief_locks.try_change(item_ranges.create_next):
        created += 1
    return {"created": created, "dropped": item_ranges.drop_cleared(retention_start)}
