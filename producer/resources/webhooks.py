"""Webhook endpoints of a workspace, and their secrets."""

from collections.abc import Sequence
from typing import Any

from models import store
from models.accounts.keys import Owner
from models.errors import NotFound
from models.ids import parse_id
from models.store import Connection
from models.webhooks import deliveries, endpoints
from models.webhooks.endpoints import Endpoint
from producer import completion, outside
from producer.documents import schemas
from producer.documents.webhook_documents import delivery_document, endpoint_document
from producer.resources import pages
from producer.resources.pages import Page
from producer.unit_of_work import unit_of_work


def create_endpoint(owner: Owner, url: str, events: Sequence[str] | None = None) -> dict[str, Any]:
    """Subscribe an endpoint to some events or all; return it with its secret, which is never shown again."""
    outside.check(url)
    with store.write() as db:
        row = endpoints.add(db, owner.workspace_id, url, list(events or schemas.EVENTS))
    return endpoint_document(row) | {"secret": row.secret}


def list_endpoints(owner: Owner, after: int, limit: int) -> Page:
    with store.read() as db:
        rows = endpoints.page(db, owner.workspace_id, after, limit + 1)
    return pages.cut(rows, limit, endpoint_document)


def show_endpoint(owner: Owner, endpoint_id: str) -> dict[str, Any]:
    with store.read() as db:
        return endpoint_document(_find(db, owner, endpoint_id))


def change_endpoint(owner: Owner, endpoint_id: str, changes: dict[str, Any]) -> dict[str, Any]:
    """Change the URL or the events, disable the endpoint, or enable it again.

    An endpoint that stays enabled starts afresh: its record of failures is cleared.
    """
    values = dict(changes)
    if "url" in values:
        outside.check(values["url"])
    with store.write() as db:
        row = _find(db, owner, endpoint_id)
        if values.pop("disabled", row.disabled_at is not None):
            endpoints.disable(db, row.id, "by hand")
            deliveries.cancel_for_endpoint(db, row.id)
        else:
            values |= {"disabled_at": None, "disabled_reason": None, "failing_since": None}
        if values:
            endpoints.change(db, row.id, values)
        return endpoint_document(_find(db, owner, endpoint_id))


def remove_endpoint(owner: Owner, endpoint_id: str) -> None:
    """Unsubscribe an endpoint. Nothing more is sent to it."""
    with store.write() as db:
        row = _find(db, owner, endpoint_id)
        deliveries.cancel_for_endpoint(db, row.id)
        endpoints.remove(db, row.id)


def rotate_secret(owner: Owner, endpoint_id: str) -> str:
    """Make a new secret. Calls are signed with the old one too for 24 hours."""
    with store.write() as db:
        return endpoints.rotate_secret(db, _find(db, owner, endpoint_id).id)


def rotate_workspace_secret(owner: Owner) -> str:
    """Make a new secret for calls to a job's own webhook_url."""
    with store.write() as db:
        return endpoints.rotate_workspace_secret(db, owner.workspace_id)


def send_test_event(owner: Owner, endpoint_id: str) -> dict[str, Any]:
    with unit_of_work() as unit:
        row = _find(unit.db, owner, endpoint_id)
        delivery = completion.plan_test(unit, row.id, row.workspace_id, row.url)
    return delivery_document(delivery, [], row.disabled_reason)


def list_deliveries(owner: Owner, endpoint_id: str, before: int | None, limit: int) -> Page:
    """List what was sent to an endpoint, the newest first."""
    with store.read() as db:
        endpoint = _find(db, owner, endpoint_id)
        rows = deliveries.of_endpoint(db, endpoint.id, before, limit + 1)
        attempts = deliveries.attempts(db, [row.id for row in rows])
    return pages.cut(
        rows, limit, lambda row: delivery_document(row, attempts.get(row.id, []), endpoint.disabled_reason)
    )


def _find(db: Connection, owner: Owner, endpoint_id: str) -> Endpoint:
    row = endpoints.get(db, parse_id(endpoint_id), owner.workspace_id)
    if row is None:
        raise NotFound("There is no such webhook endpoint.")
    return row
