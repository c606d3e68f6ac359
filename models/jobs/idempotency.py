"""Idempotency keys: which request has one, and which job it created. Pending replies are kept in the same table.

receiving (a token, and a lease that expires by itself) -> assigned (a job's id, kept for a day) -> free
receiving -> free (the request failed), or receiving again by another request (the lease has expired)
"""

from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, or_, select, update

from models import store
from models.errors import InProgress
from models.tables import idempotency_keys

LEASE_SECONDS = 10.0
ASSIGNED_SECONDS = 86_400.0
LINGER_SECONDS = 3_600.0  # an expired lease still belongs to its request until another one claims the key


class IdempotencyKey(NamedTuple):
    """A client's name for its request. Other workspaces and other routes may use the same name."""

    workspace_id: int
    route: str
    key: str


class KeyRecord(NamedTuple):
    """What a key stands for: no job yet means that its request is still being received."""

    token: str | None
    job_id: int | None
    fingerprint: str


def claim(db: Connection, key: IdempotencyKey, token: str) -> KeyRecord | None:
    """Take a free key; None means it is taken now. Otherwise return what the key stands for."""
    clock = store.dialect().clock()
    values = {"fingerprint": "", "job_id": None, "token": token, "leased_until": clock + LEASE_SECONDS}
    insert = store.dialect().insert(idempotency_keys).values(key._asdict() | values)
    # No request receives for longer than this, unless the clock has been put back since.
    is_stale = and_(idempotency_keys.c.job_id.is_(None), idempotency_keys.c.leased_until > clock + LEASE_SECONDS)
    is_free = or_(idempotency_keys.c.leased_until < clock, is_stale)
    db.execute(insert.on_conflict_do_update(index_elements=key._fields, set_=values, where=is_free))
    columns = [idempotency_keys.c[name] for name in KeyRecord._fields]
    record = KeyRecord._make(db.execute(select(*columns).where(_is(key))).one())
    return None if record.token == token else record


def renew(db: Connection, key: IdempotencyKey, token: str) -> None:
    """Extend the lease. Raises InProgress when another request has the key."""
    _update_receiving(db, key, token, {"leased_until": store.dialect().clock() + LEASE_SECONDS})


def assign(db: Connection, key: IdempotencyKey, token: str, fingerprint: str, job_id: int) -> None:
    """Store the job, in the transaction that adds it. Raises InProgress when another request has the key."""
    until = store.dialect().clock() + ASSIGNED_SECONDS
    _update_receiving(db, key, token, {"fingerprint": fingerprint, "job_id": job_id, "leased_until": until})


def release(db: Connection, key: IdempotencyKey, token: str) -> None:
    """Free the key of a request that added no job."""
    db.execute(delete(idempotency_keys).where(_is_receiving(key, token)))


def forget_job(db: Connection, key: IdempotencyKey, job_id: int) -> None:
    """Free the key of a request whose job is of no use to its client."""
    db.execute(delete(idempotency_keys).where(_is(key), idempotency_keys.c.job_id == job_id))


def has_outdated(db: Connection) -> bool:
    return bool(db.execute(select(exists().where(_is_outdated()))).scalar_one())


def delete_outdated(db: Connection) -> None:
    db.execute(delete(idempotency_keys).where(_is_outdated()))


def _update_receiving(db: Connection, key: IdempotencyKey, token: str, values: dict[str, Any]) -> None:
    if db.execute(update(idempotency_keys).where(_is_receiving(key, token)).values(values)).rowcount != 1:
        raise InProgress("Another request with this Idempotency-Key has replaced this one.")


def _is(key: IdempotencyKey) -> ColumnElement[bool]:
    return and_(*(idempotency_keys.c[name] == value for name, value in key._asdict().items()))


def _is_receiving(key: IdempotencyKey, token: str) -> ColumnElement[bool]:
    return and_(_is(key), idempotency_keys.c.token == token, idempotency_keys.c.job_id.is_(None))


def _is_outdated() -> ColumnElement[bool]:
    return idempotency_keys.c.leased_until < store.dialect().clock() - LINGER_SECONDS
