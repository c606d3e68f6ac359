"""API keys of a workspace."""

from collections.abc import Sequence
from typing import Any

from models import store
from models.accounts import keys
from models.accounts.keys import ApiKey, Owner
from models.errors import Forbidden, NotFound
from models.ids import parse_id
from models.store import Connection
from producer.documents.account_documents import key_document
from producer.resources import pages
from producer.resources.pages import Page


def create_key(owner: Owner, name: str, scopes: Sequence[str] | None = None) -> dict[str, Any]:
    """Create a key with the caller's scopes or some of them. Only this answer has its secrets."""
    requested = owner.scopes if scopes is None else set(scopes)
    missing = requested - owner.scopes
    if missing:
        raise Forbidden(f"This key lacks the scope {min(missing)!r} itself, so it cannot grant it.")
    granted = [scope for scope in keys.Scope if scope in requested]
    with store.write() as db:
        secrets = keys.add(db, owner.workspace_id, name, granted)
        return key_document(_find(db, owner, secrets["id"])) | secrets


def list_keys(owner: Owner, after: int, limit: int) -> Page:
    """List the workspace's keys, revoked ones too, the oldest first."""
    with store.read() as db:
        rows = keys.page(db, owner.workspace_id, after, limit + 1)
    return pages.cut(rows, limit, key_document)


def show_key(owner: Owner, key_id: str) -> dict[str, Any]:
    with store.read() as db:
        return key_document(_find(db, owner, key_id))


def revoke_key(owner: Owner, key_id: str) -> None:
    """Refuse the key from the next request on. A key may revoke itself."""
    with store.write() as db:
        keys.revoke(db, _find(db, owner, key_id).id)


def _find(db: Connection, owner: Owner, key_id: str) -> ApiKey:
    row = keys.get(db, parse_id(key_id), owner.workspace_id)
    if row is None:
        raise NotFound("There is no such key.")
    return row
