"""Idempotency keys: which request has one, and which job came of it. models/owed.py keeps its debts in the same table.

received (a token, and a lease that ends by itself) -> made (the job's id, for a day) -> free
received -> free (the request failed) or received by somebody else (its lease ran out)
"""

from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, exists, select, update

from models import store
from models.errors import InProgress
from models.tables import idempotency_keys as kept

LEASE_SECONDS = 10.0
KEPT_SECONDS = 86_400.0
LINGER_SECONDS = 3_600.0  # a lease that ran out is still its owner's until somebody wants the key

Known = Row[*tuple[Any, ...]]


class Key(NamedTuple):
    """What a client calls a request of its own; another workspace or another route may have the same name."""

    workspace_id: int
    route: str
    key: str


def claim(db: Connection, key: Key, token: str) -> Known | None:
    """Takes a key that is free, for as long as the lease is renewed; otherwise tells what is known of it."""
    clock = store.dialect().clock()
    mine = {"fingerprint": "", "job_id": None, "token": token, "leased_until": clock + LEASE_SECONDS}
    insert = store.dialect().insert(kept).values(key._asdict() | mine)
    db.execute(insert.on_conflict_do_update(index_elements=key._fields, set_=mine, where=kept.c.leased_until < clock))
    row = db.execute(select(kept.c.token, kept.c.job_id, kept.c.fingerprint).where(_is(key))).one()
    return None if row.token == token else row


def renew(db: Connection, key: Key, token: str) -> None:
    """Raises InProgress when somebody else has the key by now."""
    _ours(db, key, token, {"leased_until": store.dialect().clock() + LEASE_SECONDS})


def settle(db: Connection, key: Key, token: str, fingerprint: str, job_id: int) -> None:
    """Notes the job, in the transaction that makes it: who has lost the key makes none."""
    made = {"fingerprint": fingerprint, "job_id": job_id, "leased_until": store.dialect().clock() + KEPT_SECONDS}
    _ours(db, key, token, made)


def give_back(db: Connection, key: Key, token: str) -> None:
    """The request of this token made nothing: the key is free at once."""
    db.execute(delete(kept).where(_is(key), kept.c.token == token, kept.c.job_id.is_(None)))


def forget(db: Connection, key: Key, job_id: int) -> None:
    """Nothing came of this job that anybody would want to be told again."""
    db.execute(delete(kept).where(_is(key), kept.c.job_id == job_id))


def outdated(db: Connection) -> bool:
    return bool(db.execute(select(exists().where(_outdated()))).scalar_one())


def clear(db: Connection) -> None:
    db.execute(delete(kept).where(_outdated()))


def _ours(db: Connection, key: Key, token: str, values: dict[str, Any]) -> None:
    held = and_(_is(key), kept.c.token == token, kept.c.job_id.is_(None))
    if db.execute(update(kept).where(held).values(values)).rowcount != 1:
        raise InProgress("another request with this Idempotency-Key has taken the place of this one")


def _is(key: Key) -> ColumnElement[bool]:
    return and_(*(kept.c[name] == value for name, value in key._asdict().items()))


def _outdated() -> ColumnElement[bool]:
    return kept.c.leased_until < store.dialect().clock() - LINGER_SECONDS
