"""Shards: ranges of a job's items. The table of shards is the work queue; messages only wake workers.

Leases are in models/jobs/leases.py, wake-ups in models/jobs/dispatch.py.
"""

from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, literal_column, select, tuple_, update

from models import store
from models.states import ShardKind, ShardState
from models.store.dialect import Dialect
from models.tables import shards

SPLIT_INDEX = -1
"""First index of the shard that cuts the upload into the others."""


class Shard(NamedTuple):
    """A range of items, and where their rows lie in the upload."""

    job_id: int
    run: int
    first_index: int
    kind: str
    queue: str
    line: int
    offset: int
    length: int
    skip: int
    rows: int


class Grant(NamedTuple):
    """Links that a workspace's quota has set aside for a shard."""

    workspace_id: int
    granted: int
    granted_at: float | None


def add(db: Connection, rows: list[dict[str, Any]]) -> None:
    """Add shards. Shards that an interrupted split has added already stay as they are."""
    db.execute(_insert(store.dialect()), rows)


@cache
def _insert(dialect: Dialect) -> Any:
    return dialect.insert(shards).on_conflict_do_nothing()


def ranges(db: Connection, job_id: int, limit: int | None = None) -> list[Shard]:
    """List the shards that together hold all items of a job, in input order."""
    query = select(*COLUMNS).where(in_first_run(job_id)).order_by(shards.c.first_index).limit(limit)
    return [Shard._make(row) for row in db.execute(query)]


def unfinished_ranges(db: Connection, job_id: int, run: int, first: int) -> list[Shard]:
    """List the shards, from one item on, that may hold items without a result."""
    end = shards.c.first_index + shards.c.rows
    query = select(*COLUMNS).where(
        shards.c.job_id == job_id, shards.c.run == run, shards.c.kind != ShardKind.SPLIT, NOT_DONE, end > first
    )
    return [Shard._make(row) for row in db.execute(query.order_by(shards.c.first_index))]


def discard_queued(db: Connection, job_id: int) -> list[Grant]:
    """Close the queued shards of a job that has ended; return the grants to give back."""
    queued = (shards.c.job_id == job_id, shards.c.state == ShardState.QUEUED)
    discarded = update(shards).where(*queued).values(state=ShardState.DONE)
    return [Grant._make(row) for row in db.execute(discarded.returning(*GRANT_COLUMNS))]


def in_first_run(job_id: int) -> ColumnElement[bool]:
    """Match the shards of a job's first run: together they hold all of its items."""
    return and_(shards.c.job_id == job_id, shards.c.run == 1, shards.c.kind != ShardKind.SPLIT)


def is_among(keys: Select[Any]) -> ColumnElement[bool]:
    """Match the shards that a query selects.

    The query is a CTE, because a plan may run a subquery twice, and its LIMIT would then choose twice.
    """
    return tuple_(*KEY_COLUMNS).in_(select(keys.cte("chosen")))


COLUMNS = [shards.c[name] for name in Shard._fields]
KEY_COLUMNS = (shards.c.job_id, shards.c.run, shards.c.first_index)
GRANT_COLUMNS = (shards.c.workspace_id, shards.c.granted, shards.c.granted_at)
# Spelled exactly as in the partial index, or SQLite does not use the index.
NOT_DONE = shards.c.state != literal_column("'done'")
