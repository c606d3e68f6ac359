"""Deliveries: webhooks to be sent. The row is the message, and the time of its next attempt is a column.

pending -> delivered    the receiver answers 2xx
pending -> failed       no attempt remains, the receiver is gone, or its endpoint was disabled
delivered, failed -> pending    a user sends it again
"""

import secrets
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from sqlalchemy import ColumnElement, Connection, and_, func, insert, or_, select, update

from models import store
from models.ids import new_id
from models.store import rows
from models.tables import deliveries, delivery_attempts

LEASE_SECONDS = 30.0  # twice what a call may take
MOST_LEASED_PER_HOST = 2
LOCK = "deliveries"
TOKEN_BITS = 63


class DeliveryStatus(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


class Delivery(NamedTuple):
    """A row of `deliveries`. `job_id` is 0 for a test event, `endpoint_id` 0 for a job's own webhook_url."""

    id: int
    workspace_id: int
    job_id: int
    run: int
    endpoint_id: int
    type: str
    url: str
    body: str
    status: str
    attempts: int
    next_at: float | None
    token: int | None
    created_at: datetime


class DeliveryAttempt(NamedTuple):
    """One call: what the receiver answered, or why there was no answer."""

    at: datetime
    seconds: float
    status_code: int | None
    error: str | None
    answer: str | None


def add(db: Connection, deliveries_to_add: list[dict[str, Any]]) -> list[int]:
    """Insert deliveries that are due at once and return their ids. Belongs in the transaction of their event."""
    if not deliveries_to_add:
        return []
    due_now = {"status": DeliveryStatus.PENDING, "attempts": 0, "next_at": 0.0, "created_at": datetime.now(UTC)}
    new_rows = []
    for delivery in deliveries_to_add:
        host = urlsplit(delivery["url"]).hostname or ""
        new_rows.append(delivery | due_now | {"id": new_id(), "host": host})
    db.execute(insert(deliveries), new_rows)
    return [row["id"] for row in new_rows]


def get(db: Connection, delivery_id: int) -> Delivery:
    return rows.one(db, Delivery, _select().where(deliveries.c.id == delivery_id))


def of_job(db: Connection, job_id: int) -> list[Delivery]:
    return rows.many(db, Delivery, _select().where(deliveries.c.job_id == job_id).order_by(deliveries.c.id))


def of_endpoint(db: Connection, endpoint_id: int, before: int | None, limit: int) -> list[Delivery]:
    """The newest first."""
    query = _select().where(deliveries.c.endpoint_id == endpoint_id).order_by(deliveries.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(deliveries.c.id < before)
    return rows.many(db, Delivery, query)


def attempts(db: Connection, delivery_ids: list[int]) -> dict[int, list[DeliveryAttempt]]:
    """The attempts of each of these deliveries that has any, in order."""
    query = select(delivery_attempts.c.delivery_id, *rows.columns(delivery_attempts, DeliveryAttempt))
    query = query.where(delivery_attempts.c.delivery_id.in_(delivery_ids))
    attempts_of: dict[int, list[DeliveryAttempt]] = {}
    for delivery_id, *values in db.execute(query.order_by(delivery_attempts.c.delivery_id, delivery_attempts.c.number)):
        attempts_of.setdefault(delivery_id, []).append(DeliveryAttempt(*values))
    return attempts_of


def count_due(db: Connection, limit: int) -> int:
    """How many deliveries could be sent now, counted up to a limit."""
    return len(db.execute(select(deliveries.c.id).where(_is_due()).limit(limit)).all())


def claim(db: Connection) -> Delivery | None:
    """Lease the next due delivery whose host is not busy. New ones go before those that failed already."""
    store.dialect().lock(db, LOCK)
    now = store.dialect().clock()
    busy_hosts = select(deliveries.c.host).where(_is_leased(now)).group_by(deliveries.c.host)
    busy_hosts = busy_hosts.having(func.count() >= MOST_LEASED_PER_HOST)
    query = _select().where(_is_due(), deliveries.c.host.not_in(busy_hosts))
    query = query.order_by(deliveries.c.attempts, deliveries.c.next_at, deliveries.c.id).limit(1)
    delivery = rows.one_or_none(db, Delivery, query)
    if delivery is None:
        return None
    token = secrets.randbits(TOKEN_BITS)
    lease = {"token": token, "leased_until": now + LEASE_SECONDS}
    db.execute(update(deliveries).where(deliveries.c.id == delivery.id).values(lease))
    return delivery._replace(token=token)


def record_attempt(
    db: Connection, delivery: Delivery, attempt: DeliveryAttempt, status: DeliveryStatus, retry_in: float | None
) -> bool:
    """Record an attempt and, in `retry_in` seconds, the next. Return False when another worker has the lease by now."""
    next_at = None if retry_in is None else store.dialect().clock() + retry_in
    released = {"token": None, "leased_until": None, "next_at": next_at}
    still_ours = and_(deliveries.c.id == delivery.id, deliveries.c.token == delivery.token)
    change = update(deliveries).where(still_ours).values(status=status, attempts=delivery.attempts + 1, **released)
    if db.execute(change).rowcount != 1:
        return False
    number = select(func.count() + 1).where(delivery_attempts.c.delivery_id == delivery.id).scalar_subquery()
    row = attempt._asdict() | {"delivery_id": delivery.id, "number": number}
    db.execute(insert(delivery_attempts).values(row))
    return True


def cancel_for_endpoint(db: Connection, endpoint_id: int) -> None:
    """Send nothing more to an endpoint that was disabled or deleted."""
    _cancel(db, deliveries.c.endpoint_id == endpoint_id)


def cancel_for_job(db: Connection, job_id: int) -> None:
    """Send nothing more about a job that was deleted."""
    _cancel(db, deliveries.c.job_id == job_id)


def send_again(db: Connection, delivery_id: int, workspace_id: int) -> bool:
    """Make a delivery due at once, with the same id and all its attempts. Return False when there is no such one."""
    this = and_(deliveries.c.id == delivery_id, deliveries.c.workspace_id == workspace_id)
    due_now = {"status": DeliveryStatus.PENDING, "attempts": 0, "next_at": 0.0}
    return db.execute(update(deliveries).where(this).values(due_now)).rowcount == 1


def _select() -> Any:
    return select(*rows.columns(deliveries, Delivery))


def _is_due() -> ColumnElement[bool]:
    """Its time has come, and no worker is sending it."""
    now = store.dialect().clock()
    is_free = or_(deliveries.c.leased_until.is_(None), ~_is_leased(now))
    return and_(deliveries.c.next_at <= now, is_free)


def _is_leased(now: ColumnElement[float]) -> ColumnElement[bool]:
    """No lease lasts longer than one that begins now, unless the clock has been put back since."""
    return deliveries.c.leased_until.between(now, now + LEASE_SECONDS)


def _cancel(db: Connection, which: ColumnElement[bool]) -> None:
    pending = and_(which, deliveries.c.status == DeliveryStatus.PENDING)
    db.execute(update(deliveries).where(pending).values(status=DeliveryStatus.FAILED, next_at=None))
