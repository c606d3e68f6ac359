"""API keys: one key serves every way of authenticating; only hashes of its secrets are kept."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from models import domains, workspaces
from models.ids import new_id
from models.tables import keys
from models.tables import workspaces as workspaces_table

SCOPES = ("read", "write")
TOKEN_BYTES = 24


@dataclass(frozen=True, slots=True)
class Owner:
    """On whose behalf a request acts."""

    key_id: int
    workspace_id: int
    plan: str
    scopes: frozenset[str]


def create(db: Connection, workspace: str, plan: str | None, name: str, scopes: list[str]) -> dict[str, Any]:
    """Makes a key and tells its secrets, for the only time."""
    found, new = workspaces.find_or_make(db, workspace, plan)
    domain = domains.find(db, found.id, None)
    shown = {"token": _secret("lm"), "consumer_key": _secret("ck"), "consumer_secret": _secret("cs")}
    row = {
        "id": new_id(),
        "workspace_id": found.id,
        "name": name,
        "scopes": ",".join(scopes),
        "token_hash": digest(shown["token"]),
        "consumer_key": shown["consumer_key"],
        "consumer_secret_hash": digest(shown["consumer_secret"]),
    }
    db.execute(insert(keys).values(row))
    told = {
        "id": str(row["id"]),
        "name": name,
        "workspace_id": str(found.id),
        "domain_id": str(domain.id if domain else ""),
    }
    return told | shown | ({"webhook_secret": found.webhook_secret} if new else {})


def by_token(db: Connection, token: str) -> Owner | None:
    query = (
        select(keys.c.id, keys.c.workspace_id, keys.c.scopes, workspaces_table.c.plan)
        .join(workspaces_table, workspaces_table.c.id == keys.c.workspace_id)
        .where(keys.c.token_hash == digest(token), keys.c.revoked_at.is_(None))
    )
    row = db.execute(query).one_or_none()
    return row and Owner(row.id, row.workspace_id, row.plan, frozenset(row.scopes.split(",")))


def any_exists(db: Connection) -> bool:
    return db.execute(select(keys.c.id).limit(1)).first() is not None


def touch(db: Connection, key_id: int) -> None:
    db.execute(update(keys).where(keys.c.id == key_id).values(last_used_at=datetime.now(UTC)))


def digest(secret: str) -> str:
    """Secrets of ours are random and long, so a plain hash keeps them."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _secret(kind: str) -> str:
    return f"{kind}_{secrets.token_urlsafe(TOKEN_BYTES)}"
