"""What items changed about their links, or which links they deleted, for the undo of their job."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, select

from models import store
from models.states import ItemStatus
from models.tables import items


class ChangedItem(NamedTuple):
    """An item that updated or deleted a link. `slug` is the one that the link had after it."""

    at: int
    line: int
    slug: str
    generation: int
    domain_id: int | None
    external_id: str | None
    custom_id: str | None
    changes: str | None

    def read_changes(self) -> dict[str, list[Any]]:
        """By item field: the value before, and the value after."""
        changes: dict[str, list[Any]] = json.loads(self.changes or "{}")
        return changes


def in_range(db: Connection, job_id: int, first: int, rows: int, status: ItemStatus) -> list[ChangedItem]:
    """List the items of a range that updated, or deleted, a link."""
    in_range = and_(items.c.job_id == job_id, items.c.index >= first, items.c.index < first + rows)
    query = _ITEMS.where(in_range, items.c.status == status).order_by(items.c.index)
    return [ChangedItem._make(row) for row in db.execute(query).all()]


def before(db: Connection, job_id: int, index: int, status: ItemStatus, slugs: Sequence[str]) -> list[ChangedItem]:
    """List the items before an index that updated, or deleted, a link with one of these slugs."""
    if not slugs:
        return []
    earlier = and_(items.c.job_id == job_id, items.c.index < index, items.c.status == status)
    query = _ITEMS.where(earlier, store.dialect().is_one_of(items.c.slug, slugs)).order_by(items.c.index)
    return [ChangedItem._make(row) for row in db.execute(query).all()]


_ITEMS = select(
    items.c.index,
    items.c.line,
    items.c.slug,
    items.c.generation,
    items.c.domain_id,
    items.c.external_id,
    items.c.custom_id,
    items.c.changes,
)
