"""API keys: one key serves every way of authenticating; only hashes of its secrets are kept."""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, or_, select, update

from models import store
from models.accounts import domains, workspaces
from models.ids import new_id
from models.tables import keys
from models.tables import workspaces as workspaces_table

SCOPES = ("read", "write")
TOKEN_BYTES = 24
TOUCHED_EVERY = timedelta(minutes=1)
SHOWN = (keys.c.id, keys.c.name, keys.c.scopes, keys.c.created_at, keys.c.last_used_at, keys.c.revoked_at)

OWNER = (keys.c.id, keys.c.workspace_id, keys.c.scopes, keys.c.last_used_at, workspaces_table.c.plan)
VALID = select(*OWNER).join(workspaces_table, workspaces_table.c.id == keys.c.workspace_id)
VALID = VALID.where(keys.c.revoked_at.is_(None))
BY_TOKEN = VALID.where(keys.c.token_hash == bindparam("digest"))  # asked with every request

Key = Row[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Owner:
    """On whose behalf a request acts."""

    key_id: int
    workspace_id: int
    plan: str
    scopes: frozenset[str]
    to_touch: bool = False
    """Whether its key was last noted as used so long ago that it is to be noted again."""


def create(db: Connection, workspace: str, plan: str | None, name: str, scopes: Sequence[str]) -> dict[str, Any]:
    """Makes a key, and its workspace where there is none; tells the secrets, for the only time."""
    found, new = workspaces.find_or_make(db, workspace, plan)
    told = add(db, found.id, name, scopes)
    return told | ({"webhook_secret": found.webhook_secret} if new else {})


def add(db: Connection, workspace_id: int, name: str, scopes: Sequence[str]) -> dict[str, Any]:
    """Makes a key in a workspace that is there."""
    key_id, domain = new_id(), domains.find(db, workspace_id, None)
    shown = {"token": _secret("lm"), "consumer_key": _secret("ck"), "consumer_secret": _secret("cs")}
    row = {
        "id": key_id,
        "workspace_id": workspace_id,
        "name": name,
        "scopes": ",".join(scopes),
        "token_hash": digest(shown["token"]),
        "consumer_key": shown["consumer_key"],
        "consumer_secret_hash": digest(shown["consumer_secret"]),
    }
    db.execute(insert(keys).values(row))
    told = {"id": str(key_id), "name": name, "workspace_id": str(workspace_id)}
    return told | {"domain_id": str(domain.id if domain else "")} | shown


def by_token(db: Connection, token: str) -> Owner | None:
    return _owner(db.execute(BY_TOKEN, {"digest": digest(token)}).one_or_none())


def by_id(db: Connection, key_id: int) -> Owner | None:
    return _owner(db.execute(VALID.where(keys.c.id == key_id)).one_or_none())


def by_consumer(db: Connection, consumer_key: str, consumer_secret: str) -> Owner | None:
    """Takes as long for a wrong secret as for a wrong key, however much of it is right."""
    if not consumer_key.isascii() or not consumer_key.isprintable():
        return None
    query = VALID.add_columns(keys.c.consumer_secret_hash).where(keys.c.consumer_key == consumer_key)
    row = db.execute(query).one_or_none()
    fits = hmac.compare_digest(digest(consumer_secret), row.consumer_secret_hash if row else "")
    return _owner(row) if fits else None


def page(db: Connection, workspace_id: int, after: int, limit: int) -> list[Key]:
    query = select(*SHOWN).where(keys.c.workspace_id == workspace_id, keys.c.id > after)
    return list(db.execute(query.order_by(keys.c.id).limit(limit)))


def get(db: Connection, key_id: int, workspace_id: int) -> Key | None:
    return db.execute(select(*SHOWN).where(keys.c.id == key_id, keys.c.workspace_id == workspace_id)).one_or_none()


def revoke(db: Connection, key_id: int) -> None:
    """From the next request on it is no key any more; its row stays, to be seen in the list."""
    valid = (keys.c.id == key_id, keys.c.revoked_at.is_(None))
    db.execute(update(keys).where(*valid).values(revoked_at=datetime.now(UTC)))


def any_exists(db: Connection) -> bool:
    return db.execute(select(keys.c.id).limit(1)).first() is not None


def touch(db: Connection, key_id: int) -> None:
    """Notes that a key was used, once a minute at most; whoever meets another doing the same leaves it to that one."""
    now = datetime.now(UTC)
    due = or_(keys.c.last_used_at.is_(None), keys.c.last_used_at < now - TOUCHED_EVERY)
    free = store.dialect().skip_locked(select(keys.c.id).where(keys.c.id == key_id, due), keys)
    db.execute(update(keys).where(keys.c.id.in_(free)).values(last_used_at=now))


def digest(secret: str) -> str:
    """Secrets of ours are random and long, so a plain hash keeps them."""
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()


def _owner(row: Key | None) -> Owner | None:
    if row is None:
        return None
    to_touch = row.last_used_at is None or row.last_used_at < datetime.now(UTC) - TOUCHED_EVERY
    return Owner(row.id, row.workspace_id, row.plan, frozenset(row.scopes.split(",")), to_touch)


def _secret(kind: str) -> str:
    return f"{kind}_{secrets.token_urlsafe(TOKEN_BYTES)}"
