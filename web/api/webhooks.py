"""`/api/webhooks`: endpoints of a workspace, their secrets, and what was sent to them."""

from typing import Any

from flask import Response, jsonify, make_response
from flask_smorest import Blueprint

from models import store
from models.errors import NotFound
from models.ids import parse_id
from models.webhooks import deliveries, endpoints
from models.webhooks.deliveries import Delivery
from models.webhooks.endpoints import Endpoint
from producer import completion, outside
from producer.documents import schemas
from producer.documents.webhook_documents import delivery_document, endpoint_document
from producer.unit_of_work import unit_of_work
from web import pagination
from web.auth import needs, owner

blueprint = Blueprint("webhooks", __name__, url_prefix="/api/webhooks", description="Who is called when a job ends")


@blueprint.route("", methods=["POST"])
@needs("write")
@blueprint.arguments(schemas.WebhookRequest)
@blueprint.response(201, schemas.Webhook)
def create(asked: dict[str, Any]) -> Response:
    """Subscribe an endpoint. Its secret is in this answer and never again."""
    row = added(asked)
    response = make_response(jsonify(endpoint_document(row) | {"secret": row.secret}), 201)
    response.headers["Location"] = f"/api/webhooks/{row.id}"
    return response


@blueprint.route("")
@needs("read")
@blueprint.arguments(schemas.PageQuery, location="query")
@blueprint.response(200, schemas.Webhooks)
def listed(query: dict[str, Any]) -> Response:
    """The workspace's endpoints."""
    with store.read() as db:
        rows = endpoints.page(db, owner().workspace_id, int(query.get("cursor", 0)), query["limit"] + 1)
    return pagination.page(rows, query["limit"], endpoint_document)


@blueprint.route("/secret", methods=["POST"])
@needs("write")
@blueprint.response(200, schemas.Secret)
def rotate_workspace() -> Response:
    """A new secret for calls to a job's own webhook_url; the old one signs too for 24 hours."""
    with store.write() as db:
        return jsonify(secret=endpoints.rotate_workspace_secret(db, owner().workspace_id))


@blueprint.route("/<endpoint_id>")
@needs("read")
@blueprint.response(200, schemas.Webhook)
def one(endpoint_id: str) -> Response:
    """An endpoint."""
    return jsonify(endpoint_document(find(endpoint_id)))


@blueprint.route("/<endpoint_id>", methods=["PATCH"])
@needs("write")
@blueprint.arguments(schemas.WebhookChange)
@blueprint.response(200, schemas.Webhook)
def change(asked: dict[str, Any], endpoint_id: str) -> Response:
    """Change where it is or what it hears; disable it, or enable it again."""
    changed(find(endpoint_id), asked)
    return jsonify(endpoint_document(find(endpoint_id)))


@blueprint.route("/<endpoint_id>", methods=["DELETE"])
@needs("write")
@blueprint.response(204)
def remove(endpoint_id: str) -> Response:
    """Unsubscribe it; nothing more is sent there."""
    removed(find(endpoint_id))
    return Response(status=204)


@blueprint.route("/<endpoint_id>/rotate", methods=["POST"])
@needs("write")
@blueprint.response(200, schemas.Secret)
def rotate(endpoint_id: str) -> Response:
    """A new secret; the old one signs too for 24 hours."""
    row = find(endpoint_id)
    with store.write() as db:
        return jsonify(secret=endpoints.rotate_secret(db, row.id))


@blueprint.route("/<endpoint_id>/test", methods=["POST"])
@needs("write")
@blueprint.response(202, schemas.Delivery)
def test(endpoint_id: str) -> Response:
    """Send a test event."""
    row = find(endpoint_id)
    return make_response(jsonify(delivery_document(tested(row), [], row.disabled_reason)), 202)


@blueprint.route("/<endpoint_id>/deliveries")
@needs("read")
@blueprint.arguments(schemas.PageQuery, location="query")
@blueprint.response(200, schemas.Deliveries)
def its_deliveries(query: dict[str, Any], endpoint_id: str) -> Response:
    """What was sent to it, the newest first."""
    row, before = find(endpoint_id), query.get("cursor")
    with store.read() as db:
        rows = deliveries.of_endpoint(db, row.id, before and int(before), query["limit"] + 1)
        tries = deliveries.attempts(db, [found.id for found in rows])
    return pagination.page(
        rows, query["limit"], lambda made: delivery_document(made, tries.get(made.id, []), row.disabled_reason)
    )


def added(asked: dict[str, Any]) -> Endpoint:
    outside.check(asked["url"])
    with store.write() as db:
        return endpoints.add(db, owner().workspace_id, asked["url"], asked.get("events") or list(schemas.EVENTS))


def changed(row: Endpoint, asked: dict[str, Any]) -> None:
    if "url" in asked:
        outside.check(asked["url"])
    with store.write() as db:
        if asked.pop("disabled", row.disabled_at is not None):
            endpoints.disable(db, row.id, "by hand")
            deliveries.cancel_for_endpoint(db, row.id)
        else:
            asked |= {"disabled_at": None, "disabled_reason": None, "failing_since": None}
        if asked:
            endpoints.change(db, row.id, asked)


def removed(row: Endpoint) -> None:
    with store.write() as db:
        deliveries.cancel_for_endpoint(db, row.id)
        endpoints.remove(db, row.id)


def tested(row: Endpoint) -> Delivery:
    with unit_of_work() as unit:
        return completion.plan_test(unit, row.id, row.workspace_id, row.url)


def find(endpoint_id: str) -> Endpoint:
    with store.read() as db:
        row = endpoints.get(db, parse_id(endpoint_id), owner().workspace_id)
    if row is None:
        raise NotFound("there is no such webhook endpoint")
    return row
