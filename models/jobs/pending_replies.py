"""Pending replies: vendor calls that timed out while their job went on. The same call again gets that job's results.

They are kept in the table of idempotency keys.
"""

from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, delete, select

from models import store
from models.store.dialect import Dialect
from models.tables import idempotency_keys

KEEP_SECONDS = 86_400.0


def find_job(db: Connection, workspace_id: int, route: str, fingerprint: str) -> int | None:
    query = _find_job(store.dialect())
    job_id: int | None = db.execute(query, _parameters(workspace_id, route, fingerprint)).scalar_one_or_none()
    return job_id


@cache
def _find_job(dialect: Dialect) -> Select[Any]:
    """Built once: every call of a vendor's clients asks this."""
    return select(idempotency_keys.c.job_id).where(_IS_REPLY, idempotency_keys.c.leased_until > dialect.clock())


def save(db: Connection, workspace_id: int, route: str, fingerprint: str, job_id: int) -> None:
    until = store.dialect().clock() + KEEP_SECONDS
    row = {
        "workspace_id": workspace_id,
        "route": route,
        "key": _key(fingerprint),
        "fingerprint": fingerprint,
        "job_id": job_id,
        "leased_until": until,
    }
    insert = store.dialect().insert(idempotency_keys).values(row)
    latest = {"job_id": job_id, "leased_until": until}
    db.execute(insert.on_conflict_do_update(index_elements=["workspace_id", "route", "key"], set_=latest))


def remove(db: Connection, workspace_id: int, route: str, fingerprint: str) -> None:
    """Remove a reply that has been sent."""
    db.execute(delete(idempotency_keys).where(_IS_REPLY), _parameters(workspace_id, route, fingerprint))


def forget_job(db: Connection, workspace_id: int, job_id: int) -> None:
    """Remove the replies and keys of a job that is forgotten: the same request again creates a new job."""
    of_job = (idempotency_keys.c.workspace_id == workspace_id, idempotency_keys.c.job_id == job_id)
    db.execute(delete(idempotency_keys).where(*of_job))


_IS_REPLY = and_(
    idempotency_keys.c.workspace_id == bindparam("workspace"),
    idempotency_keys.c.route == bindparam("of_route"),
    idempotency_keys.c.key == bindparam("of_key"),
)


def _parameters(workspace_id: int, route: str, fingerprint: str) -> dict[str, Any]:
    return {"workspace": workspace_id, "of_route": route, "of_key": _key(fingerprint)}


def _key(fingerprint: str) -> str:
    """Return a key that no client can choose: theirs cannot begin with a space."""
    return f" {fingerprint}"
