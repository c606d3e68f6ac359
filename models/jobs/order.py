"""Order: which shards wait for earlier ones, so that a file ends as a loop over its rows would end it.

A shard waits only for shards that begin before it, so there is always one that can go on.
"""

from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, case, func, literal_column, or_, select

from models.states import ACTIVE_STATES, ShardKind
from models.tables import shards


class OpenShards(NamedTuple):
    """Shards that have not ended."""

    shards: int
    ungranted_rows: int
    """Those of their rows for which the quota has set aside no link yet."""


def open_before(db: Connection, job_id: int, run: int, index: int) -> OpenShards:
    """Count the open shards of a run that begin before an index."""
    ungranted = _open.c.rows - _open.c.granted
    rows = func.coalesce(func.sum(case((ungranted > 0, ungranted), else_=0)), 0)
    query = select(func.count(), rows).where(_open.c.job_id == job_id, _open.c.run == run, _open.c.first_index < index)
    count, ungranted_rows = db.execute(query.where(_IS_OPEN)).one()
    return OpenShards(count, int(ungranted_rows))


_open = shards.alias("open_shards")
_IS_OPEN = and_(
    _open.c.state != literal_column("'done'"),  # spelled as in the partial index, or SQLite does not use it
    _open.c.state.in_(ACTIVE_STATES),
    _open.c.kind != ShardKind.SPLIT,
)
_first_open = (
    select(func.min(_open.c.first_index))
    .where(_open.c.job_id == shards.c.job_id, _open.c.run == shards.c.run, _IS_OPEN)
    .scalar_subquery()
)
IS_READY: ColumnElement[bool] = or_(shards.c.after_index.is_(None), shards.c.after_index <= _first_open)
"""Match shards that need not wait, or no longer."""
