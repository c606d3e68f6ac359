"""Unindexed spans: where links were written since their blocks, noted in the transaction that writes them.

A search reads these links themselves. The chore that builds blocks takes the notes away.
"""

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, insert, or_, select

from models import ids, store
from models.cursors import EPOCH, MICROSECOND
from models.link_key import LinkKey, rows_of
from models.store import rows
from models.tables import jobs, links, unindexed

DEPENDS_ON = frozenset(("url", "slug", "title", "created_at"))
"""The columns of a link that decide which block has it, and what is in the block's filter."""
LONGEST_WAIT = timedelta(minutes=10)  # for the end of all jobs
MOST_NOTES = 10_000  # that one step takes


class Note(NamedTuple):
    """A span of moments, both ends included."""

    id: int
    first_at: datetime
    last_at: datetime
    noted_at: float


def note(db: Connection, workspace_id: int, moments: Sequence[int | str]) -> None:
    """Note links by their created_at: texts in UTC, or microseconds since 1970."""
    if isinstance(moments, range):
        ends: tuple[Any, Any] = (moments[0], moments[-1])
    else:
        ends = (min(moments), max(moments))
    first_at, last_at = map(_moment, ends)
    note_span(db, workspace_id, first_at, last_at)


def note_span(db: Connection, workspace_id: int, first_at: datetime, last_at: datetime) -> None:
    _add(db, workspace_id, first_at, last_at, time.time())


def note_link(db: Connection, key: LinkKey) -> None:
    """Note one link."""
    query = select(links.c.workspace_id, links.c.created_at).where(rows_of(links, key))
    for workspace_id, created_at in db.execute(query):
        note_span(db, workspace_id, created_at, created_at)


def due_workspace(db: Connection) -> int | None:
    """A workspace whose notes are due: no job is in progress, or one of the notes is old."""
    now = store.dialect().clock()
    is_quiet = ~exists().where(jobs.c.finished_at.is_(None))
    is_old = unindexed.c.noted_at <= now - LONGEST_WAIT.total_seconds()
    query = select(unindexed.c.workspace_id).where(or_(is_old, and_(is_quiet, _is_begun())))
    return db.execute(query.limit(1)).scalar()


def newest(db: Connection, workspace_id: int) -> list[Note]:
    """The notes of a workspace that blocks may be built for, those of the newest links first."""
    query = select(*rows.columns(unindexed, Note)).where(unindexed.c.workspace_id == workspace_id, _is_begun())
    return rows.many(db, Note, query.order_by(unindexed.c.last_at.desc()).limit(MOST_NOTES))


def spans(db: Connection, workspace_id: int) -> list[tuple[datetime, datetime]]:
    """The ends of all spans of a workspace."""
    query = select(unindexed.c.first_at, unindexed.c.last_at).where(unindexed.c.workspace_id == workspace_id)
    return [(first_at, last_at) for first_at, last_at in db.execute(query)]


def replace(db: Connection, workspace_id: int, notes: Sequence[Note], rest: tuple[datetime, datetime] | None) -> None:
    """Take notes away, but for a span that is left of them."""
    note_ids = store.dialect().is_one_of(unindexed.c.id, [note.id for note in notes])
    db.execute(delete(unindexed).where(unindexed.c.workspace_id == workspace_id, note_ids))
    if rest:
        _add(db, workspace_id, *rest, min(note.noted_at for note in notes))


def _add(db: Connection, workspace_id: int, first_at: datetime, last_at: datetime, noted_at: float) -> None:
    values = {"workspace_id": workspace_id, "id": ids.new_id(), "first_at": first_at, "last_at": last_at}
    db.execute(insert(unindexed), values | {"noted_at": noted_at})


def _is_begun() -> ColumnElement[bool]:
    """Notes of a migration begin later: until then, hosts of the earlier version write links without notes."""
    return unindexed.c.noted_at <= store.dialect().clock()


def _moment(value: int | str) -> datetime:
    if isinstance(value, int):
        return EPOCH + value * MICROSECOND
    return datetime.fromisoformat(value).replace(tzinfo=UTC)
