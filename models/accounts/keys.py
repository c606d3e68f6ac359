"""API keys: one key serves every way of authenticating; only hashes of its secrets are stored."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, bindparam, insert, or_, select, update

from models import store
from models.accounts import domains, workspaces
from models.ids import new_id
from models.store import rows
from models.tables import keys
from models.tables import workspaces as workspaces_table

TOKEN_BYTES = 24
TOKEN_PREFIX = "lm"  # noqa: S105 - no password
TOKEN = re.compile(TOKEN_PREFIX + r"_[A-Za-z0-9_-]{32}")
TOUCH_INTERVAL = timedelta(minutes=1)


class Scope(StrEnum):
    READ = "read"
    WRITE = "write"


class ApiKey(NamedTuple):
    """A key as its workspace sees it, without secrets."""

    id: int
    name: str
    scopes: str
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Owner:
    """The key and workspace that a request acts for."""

    key_id: int
    workspace_id: int
    plan: str
    scopes: frozenset[str]
    to_touch: bool = False
    """Whether the last recorded use of the key is so long ago that this one is to be recorded."""


def create(db: Connection, workspace: str, plan: str | None, name: str, scopes: Sequence[str]) -> dict[str, Any]:
    """Create a key in the workspace with this name, and the workspace too if need be. Return the new secrets."""
    found_workspace, is_new = workspaces.find_or_create(db, workspace, plan)
    key = add(db, found_workspace.id, name, scopes)
    if is_new:
        key["webhook_secret"] = found_workspace.webhook_secret
    return key


def add(db: Connection, workspace_id: int, name: str, scopes: Sequence[str]) -> dict[str, Any]:
    """Create a key in an existing workspace. Return its secrets, which nobody can read later."""
    key_id = new_id()
    default_domain = domains.find(db, workspace_id, None)
    token = _new_secret(TOKEN_PREFIX)
    consumer_key = _new_secret("ck")
    consumer_secret = _new_secret("cs")
    row = {
        "id": key_id,
        "workspace_id": workspace_id,
        "name": name,
        "scopes": ",".join(scopes),
        "token_hash": digest(token),
        "consumer_key": consumer_key,
        "consumer_secret_hash": digest(consumer_secret),
    }
    db.execute(insert(keys).values(row))
    return {
        "id": str(key_id),
        "name": name,
        "workspace_id": str(workspace_id),
        "domain_id": str(default_domain.id) if default_domain else "",
        "token": token,
        "consumer_key": consumer_key,
        "consumer_secret": consumer_secret,
    }


class _ValidKey(NamedTuple):
    """A key that is not revoked, with the plan of its workspace."""

    id: int
    workspace_id: int
    scopes: str
    last_used_at: datetime | None
    consumer_secret_hash: str
    plan: str


VALID_KEYS = (
    select(
        keys.c.id,
        keys.c.workspace_id,
        keys.c.scopes,
        keys.c.last_used_at,
        keys.c.consumer_secret_hash,
        workspaces_table.c.plan,
    )
    .join(workspaces_table, workspaces_table.c.id == keys.c.workspace_id)
    .where(keys.c.revoked_at.is_(None))
)
BY_TOKEN = VALID_KEYS.where(keys.c.token_hash == bindparam("digest"))  # built once: every request asks it


def is_token(text: str) -> bool:
    """Return whether a text has the form of our tokens."""
    return TOKEN.fullmatch(text) is not None


def by_token(db: Connection, token: str) -> Owner | None:
    return _owner(rows.one_or_none(db, _ValidKey, BY_TOKEN, {"digest": digest(token)}))


def by_id(db: Connection, key_id: int) -> Owner | None:
    return _owner(rows.one_or_none(db, _ValidKey, VALID_KEYS.where(keys.c.id == key_id)))


def by_consumer(db: Connection, consumer_key: str, consumer_secret: str) -> Owner | None:
    """The owner of a consumer key and secret. Takes as long for a wrong secret as for an unknown key."""
    if not consumer_key.isascii() or not consumer_key.isprintable():
        return None
    key = rows.one_or_none(db, _ValidKey, VALID_KEYS.where(keys.c.consumer_key == consumer_key))
    expected = key.consumer_secret_hash if key else ""
    # compare_digest runs in any case and in constant time, so the answer's delay says nothing of the secret.
    matches = hmac.compare_digest(digest(consumer_secret), expected)
    return _owner(key) if matches else None


def page(db: Connection, workspace_id: int, after: int, limit: int) -> list[ApiKey]:
    """The keys of a workspace, revoked ones too."""
    query = select(*rows.columns(keys, ApiKey)).where(keys.c.workspace_id == workspace_id, keys.c.id > after)
    return rows.many(db, ApiKey, query.order_by(keys.c.id).limit(limit))


def every(db: Connection, workspace: str | None) -> list[tuple[str, ApiKey]]:
    """Return the keys of the workspace with a name, or of all, each after the name of its workspace."""
    query = select(workspaces_table.c.name, *rows.columns(keys, ApiKey))
    query = query.join(workspaces_table, workspaces_table.c.id == keys.c.workspace_id)
    if workspace is not None:
        query = query.where(workspaces_table.c.name == workspace)
    ordered = query.order_by(workspaces_table.c.name, keys.c.id)
    return [(name, ApiKey(*values)) for name, *values in db.execute(ordered)]


def exists(db: Connection, key_id: int) -> bool:
    return db.execute(select(keys.c.id).where(keys.c.id == key_id)).first() is not None


def get(db: Connection, key_id: int, workspace_id: int) -> ApiKey | None:
    query = select(*rows.columns(keys, ApiKey)).where(keys.c.id == key_id, keys.c.workspace_id == workspace_id)
    return rows.one_or_none(db, ApiKey, query)


def revoke(db: Connection, key_id: int) -> None:
    """Make a key invalid from the next request on. Its row stays in the list."""
    valid = and_(keys.c.id == key_id, keys.c.revoked_at.is_(None))
    db.execute(update(keys).where(valid).values(revoked_at=datetime.now(UTC)))


def any_exists(db: Connection) -> bool:
    return db.execute(select(keys.c.id).limit(1)).first() is not None


def touch(db: Connection, key_id: int) -> None:
    """Record that a key was used, at most once a minute. Leaves it to another transaction that is doing the same."""
    now = datetime.now(UTC)
    is_due = or_(keys.c.last_used_at.is_(None), keys.c.last_used_at < now - TOUCH_INTERVAL)
    unlocked = store.dialect().skip_locked(select(keys.c.id).where(keys.c.id == key_id, is_due), keys)
    db.execute(update(keys).where(keys.c.id.in_(unlocked)).values(last_used_at=now))


def digest(secret: str) -> str:
    """Hash a secret. A plain hash is enough: our secrets are long and random, so they cannot be guessed from it."""
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()


def _owner(key: _ValidKey | None) -> Owner | None:
    if key is None:
        return None
    is_due = key.last_used_at is None or key.last_used_at < datetime.now(UTC) - TOUCH_INTERVAL
    return Owner(key.id, key.workspace_id, key.plan, frozenset(key.scopes.split(",")), is_due)


def _new_secret(prefix: str) -> str:
    return f"{prefix}_{secrets.token_urlsafe(TOKEN_BYTES)}"
