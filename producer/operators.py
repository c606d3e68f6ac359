"""What operators do with keys and workspaces, whosever these are."""

from collections.abc import Mapping
from typing import Any

from models import removal, store
from models.accounts import keys, workspaces
from models.clicks import recount
from models.errors import Conflict, NotFound
from models.ids import parse_id
from models.store import Connection
from producer.documents.account_documents import key_document
from producer.intake import upload_store


def list_keys(workspace: str | None) -> list[dict[str, Any]]:
    """List the keys of one workspace or of all, revoked ones too."""
    with store.read() as db:
        if workspace is not None:
            _find_workspace(db, workspace)
        rows = keys.every(db, workspace)
    return [{"workspace": name} | key_document(key) for name, key in rows]


def revoke_key(key_id: str) -> None:
    """Make a key invalid from the next request on."""
    with store.write() as db:
        number = parse_id(key_id)
        if not keys.exists(db, number):
            raise NotFound(f"There is no key {key_id!r}.")
        keys.revoke(db, number)


def list_workspaces() -> list[dict[str, Any]]:
    with store.read() as db:
        rows = workspaces.every(db)
    return [{"id": str(row.id), "name": row.name, "plan": row.plan, "bulk_limit": row.bulk_limit} for row in rows]


def create_workspace(name: str, plan: str | None) -> dict[str, Any]:
    """Create a workspace that does not exist. Return its webhook secret too."""
    with store.write() as db:
        if workspaces.find_id(db, name) is not None:
            raise Conflict(f"There is a workspace {name!r} already.")
        row, _ = workspaces.find_or_create(db, name, plan)
    return {"id": str(row.id), "name": row.name, "plan": row.plan, "webhook_secret": row.webhook_secret}


def change_workspace(name: str, plan: str | None, bulk_limit: int | None) -> None:
    """Change what is not None. A `bulk_limit` of 0 means the plan's number."""
    with store.write() as db:
        workspace_id = _find_workspace(db, name)
        if plan is not None:
            workspaces.set_plan(db, name, plan)
        if bulk_limit is not None:
            workspaces.set_bulk_limit(db, workspace_id, bulk_limit or None)


def count_workspace(name: str) -> Mapping[str, int]:
    """Count what `delete_workspace` would delete."""
    with store.read() as db:
        return removal.counts(db, _find_workspace(db, name))


def delete_workspace(name: str) -> None:
    """Delete a workspace and everything in it. When this is interrupted, call it again."""
    workspace_id = _close_workspace(name)
    with store.read() as db:
        uploads = removal.uploads(db, workspace_id)
    for upload in uploads:
        upload_store.delete(upload)
    while _delete_some(workspace_id):
        store.pause_bulk_writer()


def recount_clicks() -> int:
    """Correct the totals of clicks; return how many were wrong."""
    with store.write() as db:
        return recount.recount(db)


def _close_workspace(name: str) -> int:
    """Revoke its keys, so that nothing arrives any more."""
    with store.write() as db:
        workspace_id = _find_workspace(db, name)
        if removal.has_active_job(db, workspace_id):
            raise Conflict(f"Jobs of the workspace {name!r} are queued or running. Cancel them or wait.")
        removal.revoke_keys(db, workspace_id)
    return workspace_id


def _delete_some(workspace_id: int) -> bool:
    with store.write(bulk=True) as db:
        return removal.step(db, workspace_id)


def _find_workspace(db: Connection, name: str) -> int:
    workspace_id = workspaces.find_id(db, name)
    if workspace_id is None:
        raise NotFound(f"There is no workspace {name!r}.")
    return workspace_id
