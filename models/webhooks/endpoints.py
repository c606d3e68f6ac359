"""Webhook endpoints of a workspace, and the secrets that sign what is sent to them."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update

from models.accounts.workspaces import new_webhook_secret
from models.ids import new_id
from models.tables import endpoints, workspaces

OLD_SECRET_HOURS = 24
FAILING_DAYS = 3

ENABLED = select(endpoints.c.id, endpoints.c.url, endpoints.c.events).where(
    endpoints.c.workspace_id == bindparam("ours"), endpoints.c.disabled_at.is_(None)
)

Endpoint = Row[*tuple[Any, ...]]


def add(db: Connection, workspace_id: int, url: str, events: list[str]) -> Endpoint:
    row = {"id": new_id(), "workspace_id": workspace_id, "url": url, "events": events, "secret": new_webhook_secret()}
    return db.execute(insert(endpoints).values(row).returning(endpoints)).one()


def page(db: Connection, workspace_id: int, after: int, limit: int) -> list[Endpoint]:
    query = select(endpoints).where(endpoints.c.workspace_id == workspace_id, endpoints.c.id > after)
    return list(db.execute(query.order_by(endpoints.c.id).limit(limit)))


def get(db: Connection, endpoint_id: int, workspace_id: int) -> Endpoint | None:
    mine = (endpoints.c.id == endpoint_id, endpoints.c.workspace_id == workspace_id)
    return db.execute(select(endpoints).where(*mine)).one_or_none()


def change(db: Connection, endpoint_id: int, values: dict[str, Any]) -> None:
    db.execute(update(endpoints).where(endpoints.c.id == endpoint_id).values(values))


def remove(db: Connection, endpoint_id: int) -> None:
    db.execute(delete(endpoints).where(endpoints.c.id == endpoint_id))


def subscribed(db: Connection, workspace_id: int, event: str) -> list[Endpoint]:
    """Id and URL of each endpoint that wants to hear of it."""
    return [row for row in db.execute(ENABLED, {"ours": workspace_id}) if event in row.events]


def rotate(db: Connection, endpoint_id: int) -> str:
    """A new secret; for a day what is sent is signed with the old one too."""
    secret = new_webhook_secret()
    replaced = {"secret": secret, "old_secret": endpoints.c.secret, "old_until": _a_day_from_now()}
    db.execute(update(endpoints).where(endpoints.c.id == endpoint_id).values(replaced))
    return secret


def rotate_workspace(db: Connection, workspace_id: int) -> str:
    secret = new_webhook_secret()
    old = workspaces.c.webhook_secret
    replaced = {"webhook_secret": secret, "old_webhook_secret": old, "old_until": _a_day_from_now()}
    db.execute(update(workspaces).where(workspaces.c.id == workspace_id).values(replaced))
    return secret


def secrets(db: Connection, endpoint_id: int, workspace_id: int) -> list[str]:
    """What to sign with: the endpoint's secret, or the workspace's for a job's own URL."""
    now = datetime.now(UTC)
    if endpoint_id:
        query = select(endpoints.c.secret, endpoints.c.old_secret, endpoints.c.old_until)
        found = db.execute(query.where(endpoints.c.id == endpoint_id)).one_or_none()
    else:
        query = select(workspaces.c.webhook_secret, workspaces.c.old_webhook_secret, workspaces.c.old_until)
        found = db.execute(query.where(workspaces.c.id == workspace_id)).one_or_none()
    if found is None:
        return []
    secret, old, until = found
    return [secret, old] if old and until > now else [secret]


def succeeded(db: Connection, endpoint_id: int) -> None:
    failing = (endpoints.c.id == endpoint_id, endpoints.c.failing_since.is_not(None))
    db.execute(update(endpoints).where(*failing).values(failing_since=None))


def failed(db: Connection, endpoint_id: int) -> bool:
    """Notes a failure; True when the endpoint has failed for so long that it is disabled."""
    now = datetime.now(UTC)
    begun = (endpoints.c.id == endpoint_id, endpoints.c.failing_since.is_(None))
    db.execute(update(endpoints).where(*begun).values(failing_since=now))
    late = (endpoints.c.id == endpoint_id, endpoints.c.failing_since < now - timedelta(days=FAILING_DAYS))
    if db.execute(select(endpoints.c.id).where(*late)).first() is None:
        return False
    disable(db, endpoint_id, f"every delivery failed for {FAILING_DAYS} days")
    return True


def disable(db: Connection, endpoint_id: int, reason: str) -> None:
    enabled = (endpoints.c.id == endpoint_id, endpoints.c.disabled_at.is_(None))
    db.execute(update(endpoints).where(*enabled).values(disabled_at=datetime.now(UTC), disabled_reason=reason))


def reasons(db: Connection, ids: Iterable[int]) -> dict[int, str]:
    """Why some of these endpoints are disabled."""
    query = select(endpoints.c.id, endpoints.c.disabled_reason)
    return {row.id: row.disabled_reason for row in db.execute(query.where(endpoints.c.id.in_(set(ids)))) if row[1]}


def _a_day_from_now() -> datetime:
    return datetime.now(UTC) + timedelta(hours=OLD_SECRET_HOURS)
