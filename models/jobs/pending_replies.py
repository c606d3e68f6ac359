"""What a vendor's call is owed: its wait ran out, its job goes on, and the same request again is to get its results."""

from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, delete, select

from models import store
from models.store.dialect import Dialect
from models.tables import idempotency_keys as kept

KEPT_SECONDS = 86_400.0
MINE = and_(kept.c.workspace_id == bindparam("ours"), kept.c.route == bindparam("on"), kept.c.key == bindparam("said"))


def job(db: Connection, workspace_id: int, route: str, fingerprint: str) -> int | None:
    found: Any = db.execute(_asked(store.dialect()), _mine(workspace_id, route, fingerprint)).scalar_one_or_none()
    return None if found is None else int(found)


def note(db: Connection, workspace_id: int, route: str, fingerprint: str, job_id: int) -> None:
    row = {"workspace_id": workspace_id, "route": route, "key": _key(fingerprint), "fingerprint": fingerprint}
    until = store.dialect().clock() + KEPT_SECONDS
    insert = store.dialect().insert(kept).values(row | {"job_id": job_id, "leased_until": until})
    again = {"job_id": job_id, "leased_until": until}
    db.execute(insert.on_conflict_do_update(index_elements=["workspace_id", "route", "key"], set_=again))


def paid(db: Connection, workspace_id: int, route: str, fingerprint: str) -> None:
    db.execute(delete(kept).where(MINE), _mine(workspace_id, route, fingerprint))


def forget(db: Connection, workspace_id: int, job_id: int) -> None:
    """Nobody gets the results of a job that is forgotten: who asks again, makes another."""
    db.execute(delete(kept).where(kept.c.workspace_id == workspace_id, kept.c.job_id == job_id))


@cache
def _asked(dialect: Dialect) -> Select[Any]:
    """Built once: every vendor's call asks it."""
    return select(kept.c.job_id).where(MINE, kept.c.leased_until > dialect.clock())


def _mine(workspace_id: int, route: str, fingerprint: str) -> dict[str, Any]:
    return {"ours": workspace_id, "on": route, "said": _key(fingerprint)}


def _key(fingerprint: str) -> str:
    """Apart from the keys that clients choose, which have no blank at the beginning."""
    return f" {fingerprint}"
