"""Deliveries: webhooks to be sent. The row is the message, and its next attempt's time is a column.

pending -> delivered (a 2xx) | failed (out of attempts, gone, or its endpoint disabled); by hand back to pending
"""

import secrets
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from sqlalchemy import ColumnElement, Connection, Row, and_, func, insert, or_, select, update

from models import store
from models.ids import new_id
from models.tables import deliveries, delivery_attempts

PENDING, DELIVERED, FAILED = "pending", "delivered", "failed"
LEASE_SECONDS = 30.0  # twice what a call may take
MOST_AT_ONCE_A_HOST = 2
LOCK = "deliveries"

Delivery = Row[*tuple[Any, ...]]


class Attempt(NamedTuple):
    """One try: what came back, or why nothing did."""

    at: Any
    seconds: float
    status_code: int | None
    error: str | None
    answer: str | None


def plan(db: Connection, rows: list[dict[str, Any]]) -> list[int]:
    """Adds deliveries that are due at once. Called in the transaction that made their event true."""
    due = {"status": PENDING, "attempts": 0, "next_at": 0.0, "created_at": datetime.now(UTC)}
    made = [row | due | {"id": new_id(), "host": urlsplit(row["url"]).hostname or ""} for row in rows]
    if made:
        db.execute(insert(deliveries), made)
    return [row["id"] for row in made]


def get(db: Connection, delivery_id: int) -> Delivery:
    return db.execute(select(deliveries).where(deliveries.c.id == delivery_id)).one()


def claim(db: Connection) -> tuple[Delivery, int] | None:
    """The next delivery that is due and whose host is not busy: new ones before those that failed already."""
    store.dialect().lock(db, LOCK)
    now = store.dialect().clock()
    busy = select(deliveries.c.host).where(deliveries.c.leased_until > now).group_by(deliveries.c.host)
    busy = busy.having(func.count() >= MOST_AT_ONCE_A_HOST)
    query = select(deliveries).where(_due(), deliveries.c.host.not_in(busy))
    query = query.order_by(deliveries.c.attempts, deliveries.c.next_at, deliveries.c.id).limit(1)
    row = db.execute(query).one_or_none()
    if row is None:
        return None
    token = secrets.randbits(63)
    leased = {"token": token, "leased_until": now + LEASE_SECONDS}
    db.execute(update(deliveries).where(deliveries.c.id == row.id).values(leased))
    return row, token


def note(db: Connection, row: Delivery, token: int, attempt: Attempt, status: str, wait: float | None) -> bool:
    """Writes an attempt down, and when the next one is due. False when somebody else has this delivery meanwhile."""
    ended = {"status": status, "attempts": row.attempts + 1, "token": None, "leased_until": None}
    ended["next_at"] = None if wait is None else store.dialect().clock() + wait
    mine = and_(deliveries.c.id == row.id, deliveries.c.token == token)
    if db.execute(update(deliveries).where(mine).values(ended)).rowcount != 1:
        return False
    number = select(func.count() + 1).where(delivery_attempts.c.delivery_id == row.id).scalar_subquery()
    db.execute(insert(delivery_attempts).values(attempt._asdict() | {"delivery_id": row.id, "number": number}))
    return True


def give_up_on(db: Connection, endpoint_id: int) -> None:
    """Nothing more goes to an endpoint that was disabled."""
    waiting = and_(deliveries.c.endpoint_id == endpoint_id, deliveries.c.status == PENDING)
    db.execute(update(deliveries).where(waiting).values(status=FAILED, next_at=None))


def give_up_on_job(db: Connection, job_id: int) -> None:
    """Nobody is told any more of a job that was forgotten."""
    waiting = and_(deliveries.c.job_id == job_id, deliveries.c.status == PENDING)
    db.execute(update(deliveries).where(waiting).values(status=FAILED, next_at=None))


def again(db: Connection, delivery_id: int, workspace_id: int) -> bool:
    """Sends one once more, by hand: the same id, the whole schedule again."""
    mine = and_(deliveries.c.id == delivery_id, deliveries.c.workspace_id == workspace_id)
    due = {"status": PENDING, "attempts": 0, "next_at": 0.0}
    return db.execute(update(deliveries).where(mine).values(due)).rowcount == 1


def due(db: Connection, most: int) -> int:
    """How many could be sent now, counted up to a limit."""
    return len(db.execute(select(deliveries.c.id).where(_due()).limit(most)).all())


def of_job(db: Connection, job_id: int) -> list[Delivery]:
    return list(db.execute(select(deliveries).where(deliveries.c.job_id == job_id).order_by(deliveries.c.id)))


def of_endpoint(db: Connection, endpoint_id: int, before: int | None, limit: int) -> list[Delivery]:
    query = select(deliveries).where(deliveries.c.endpoint_id == endpoint_id).order_by(deliveries.c.id.desc())
    if before is not None:
        query = query.where(deliveries.c.id < before)
    return list(db.execute(query.limit(limit)))


def attempts(db: Connection, ids: list[int]) -> dict[int, list[Row[*tuple[Any, ...]]]]:
    query = select(delivery_attempts).where(delivery_attempts.c.delivery_id.in_(ids))
    found: dict[int, list[Row[*tuple[Any, ...]]]] = {}
    for row in db.execute(query.order_by(delivery_attempts.c.delivery_id, delivery_attempts.c.number)):
        found.setdefault(row.delivery_id, []).append(row)
    return found


def _due() -> ColumnElement[bool]:
    """Its time has come, and nobody is at it."""
    now = store.dialect().clock()
    free = or_(deliveries.c.leased_until.is_(None), deliveries.c.leased_until <= now)
    return and_(deliveries.c.next_at <= now, free)
