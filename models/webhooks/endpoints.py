"""Webhook endpoints of a workspace, and the secrets that sign what is sent to them."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, bindparam, delete, insert, select, update

from models.accounts.workspaces import new_webhook_secret
from models.ids import new_id
from models.store import rows
from models.tables import endpoints, workspaces

OLD_SECRET_VALID = timedelta(hours=24)
DISABLED_AFTER = timedelta(days=3)


class Endpoint(NamedTuple):
    """A row of `endpoints`, without its secrets' history."""

    id: int
    workspace_id: int
    url: str
    events: list[str]
    secret: str
    failing_since: datetime | None
    disabled_at: datetime | None
    disabled_reason: str | None
    created_at: datetime


class Subscriber(NamedTuple):
    """Where to send an event."""

    endpoint_id: int
    url: str


def add(db: Connection, workspace_id: int, url: str, events: list[str]) -> Endpoint:
    row = {"id": new_id(), "workspace_id": workspace_id, "url": url, "events": events, "secret": new_webhook_secret()}
    return rows.one(db, Endpoint, insert(endpoints).values(row).returning(*rows.columns(endpoints, Endpoint)))


def page(db: Connection, workspace_id: int, after: int, limit: int) -> list[Endpoint]:
    query = select(*rows.columns(endpoints, Endpoint))
    query = query.where(endpoints.c.workspace_id == workspace_id, endpoints.c.id > after)
    return rows.many(db, Endpoint, query.order_by(endpoints.c.id).limit(limit))


def get(db: Connection, endpoint_id: int, workspace_id: int) -> Endpoint | None:
    query = select(*rows.columns(endpoints, Endpoint))
    query = query.where(endpoints.c.id == endpoint_id, endpoints.c.workspace_id == workspace_id)
    return rows.one_or_none(db, Endpoint, query)


def change(db: Connection, endpoint_id: int, values: dict[str, Any]) -> None:
    db.execute(update(endpoints).where(endpoints.c.id == endpoint_id).values(values))


def remove(db: Connection, endpoint_id: int) -> None:
    db.execute(delete(endpoints).where(endpoints.c.id == endpoint_id))


# Built once: every job that ends asks for its subscribers.
ENABLED = select(endpoints.c.id, endpoints.c.url, endpoints.c.events).where(
    endpoints.c.workspace_id == bindparam("of_workspace"), endpoints.c.disabled_at.is_(None)
)


def subscribers(db: Connection, workspace_id: int, event: str) -> list[Subscriber]:
    """The enabled endpoints of a workspace that subscribe to an event."""
    enabled = db.execute(ENABLED, {"of_workspace": workspace_id})
    return [Subscriber(row.id, row.url) for row in enabled if event in row.events]


def rotate_secret(db: Connection, endpoint_id: int) -> str:
    """Set a new secret and return it. For a day, webhooks are signed with the old one too."""
    secret = new_webhook_secret()
    values = {"secret": secret, "old_secret": endpoints.c.secret, "old_until": datetime.now(UTC) + OLD_SECRET_VALID}
    db.execute(update(endpoints).where(endpoints.c.id == endpoint_id).values(values))
    return secret


def rotate_workspace_secret(db: Connection, workspace_id: int) -> str:
    """The same for the secret that signs calls to the `webhook_url` of jobs."""
    secret = new_webhook_secret()
    values = {
        "webhook_secret": secret,
        "old_webhook_secret": workspaces.c.webhook_secret,
        "old_until": datetime.now(UTC) + OLD_SECRET_VALID,
    }
    db.execute(update(workspaces).where(workspaces.c.id == workspace_id).values(values))
    return secret


def signing_secrets(db: Connection, endpoint_id: int, workspace_id: int) -> list[str]:
    """The secrets of an endpoint or, when it is 0, those of the workspace. Empty when there is no such endpoint."""
    if endpoint_id:
        query = select(endpoints.c.secret, endpoints.c.old_secret, endpoints.c.old_until)
        query = query.where(endpoints.c.id == endpoint_id)
    else:
        query = select(workspaces.c.webhook_secret, workspaces.c.old_webhook_secret, workspaces.c.old_until)
        query = query.where(workspaces.c.id == workspace_id)
    row = db.execute(query).one_or_none()
    if row is None:
        return []
    secret, old_secret, old_until = row
    if old_secret and old_until > datetime.now(UTC):
        return [secret, old_secret]
    return [secret]


def record_success(db: Connection, endpoint_id: int) -> None:
    failing = and_(endpoints.c.id == endpoint_id, endpoints.c.failing_since.is_not(None))
    db.execute(update(endpoints).where(failing).values(failing_since=None))


def record_failure(db: Connection, endpoint_id: int) -> bool:
    """Record a failed delivery. Disable the endpoint, and return True, when all have failed for three days."""
    now = datetime.now(UTC)
    first_failure = and_(endpoints.c.id == endpoint_id, endpoints.c.failing_since.is_(None))
    db.execute(update(endpoints).where(first_failure).values(failing_since=now))
    failing_too_long = and_(endpoints.c.id == endpoint_id, endpoints.c.failing_since < now - DISABLED_AFTER)
    if db.execute(select(endpoints.c.id).where(failing_too_long)).first() is None:
        return False
    disable(db, endpoint_id, f"every delivery failed for {DISABLED_AFTER.days} days")
    return True


def disable(db: Connection, endpoint_id: int, reason: str) -> None:
    """Disable an endpoint; one that is disabled already keeps its time and reason."""
    enabled = and_(endpoints.c.id == endpoint_id, endpoints.c.disabled_at.is_(None))
    db.execute(update(endpoints).where(enabled).values(disabled_at=datetime.now(UTC), disabled_reason=reason))


def disabled_reasons(db: Connection, endpoint_ids: Iterable[int]) -> dict[int, str]:
    """Why endpoints are disabled, for those of some that are."""
    disabled = and_(endpoints.c.id.in_(set(endpoint_ids)), endpoints.c.disabled_reason.is_not(None))
    query = select(endpoints.c.id, endpoints.c.disabled_reason).where(disabled)
    return {row.id: row.disabled_reason for row in db.execute(query)}
