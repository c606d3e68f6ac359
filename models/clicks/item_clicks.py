"""Clicks of the links of a job's items: how many, and on which days the first and the last."""

from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from models.link_key import rows_of
from models.tables import clicks, items


class ItemClicks(NamedTuple):
    """Clicks of one item's link, without those of bots."""

    total: int
    first_day: date
    last_day: date


def in_range(db: Connection, job_id: int, domain_id: int, first: int, rows: int) -> dict[int, ItemClicks]:
    """Count for each item of a range whose link was clicked, by its index. `domain_id`: that of the job."""
    key = (func.coalesce(items.c.domain_id, domain_id), items.c.slug, items.c.generation)
    query = select(items.c.index, func.sum(clicks.c.count), func.min(clicks.c.day), func.max(clicks.c.day))
    query = query.join(clicks, rows_of(clicks, key)).where(clicks.c.bot.is_(False))
    query = query.where(items.c.job_id == job_id, items.c.index >= first, items.c.index < first + rows)
    query = query.group_by(items.c.index)
    counts = db.execute(query)
    return {index: ItemClicks(int(total), first_day, last_day) for index, total, first_day, last_day in counts}
