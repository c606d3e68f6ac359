"""`/api/webhooks`: endpoints of a workspace, their secrets, and what was sent to them."""

from typing import Any

from flask import Response, jsonify, make_response

from models.accounts.keys import Scope
from producer.documents import schemas
from producer.resources import webhooks
from web import pagination
from web.api.json_parser import Blueprint
from web.auth import needs, owner

blueprint = Blueprint("webhooks", __name__, url_prefix="/api/webhooks", description="Endpoints called when a job ends")


@blueprint.route("", methods=["POST"])
@needs(Scope.WRITE)
@blueprint.arguments(schemas.WebhookRequestSchema)
@blueprint.response(201, schemas.WebhookSchema)
def create_endpoint(fields: dict[str, Any]) -> Response:
    """Subscribe an endpoint. Only this answer contains its secret."""
    endpoint = webhooks.create_endpoint(owner(), fields["url"], fields.get("events"))
    response = make_response(jsonify(endpoint), 201)
    response.headers["Location"] = f"/api/webhooks/{endpoint['id']}"
    return response


@blueprint.route("")
@needs(Scope.READ)
@blueprint.arguments(schemas.PageQuerySchema, location="query")
@blueprint.response(200, schemas.WebhooksSchema)
def list_endpoints(query: dict[str, Any]) -> Response:
    """List the workspace's endpoints."""
    return pagination.respond(webhooks.list_endpoints(owner(), pagination.read_after(query), query["limit"]))


@blueprint.route("/secret", methods=["POST"])
@needs(Scope.WRITE)
@blueprint.response(200, schemas.SecretSchema)
def rotate_workspace_secret() -> Response:
    """Make a new secret for calls to a job's own webhook_url. The old one signs too for 24 hours."""
    return jsonify(secret=webhooks.rotate_workspace_secret(owner()))


@blueprint.route("/<endpoint_id>")
@needs(Scope.READ)
@blueprint.response(200, schemas.WebhookSchema)
def show_endpoint(endpoint_id: str) -> Response:
    """Show an endpoint."""
    return jsonify(webhooks.show_endpoint(owner(), endpoint_id))


@blueprint.route("/<endpoint_id>", methods=["PATCH"])
@needs(Scope.WRITE)
@blueprint.arguments(schemas.WebhookChangeSchema)
@blueprint.response(200, schemas.WebhookSchema)
def change_endpoint(changes: dict[str, Any], endpoint_id: str) -> Response:
    """Change an endpoint's URL or events; disable it, or enable it again."""
    return jsonify(webhooks.change_endpoint(owner(), endpoint_id, changes))


@blueprint.route("/<endpoint_id>", methods=["DELETE"])
@needs(Scope.WRITE)
@blueprint.response(204)
def remove_endpoint(endpoint_id: str) -> Response:
    """Unsubscribe an endpoint. Nothing more is sent to it."""
    webhooks.remove_endpoint(owner(), endpoint_id)
    return Response(status=204)


@blueprint.route("/<endpoint_id>/rotate", methods=["POST"])
@needs(Scope.WRITE)
@blueprint.response(200, schemas.SecretSchema)
def rotate_secret(endpoint_id: str) -> Response:
    """Make a new secret. The old one signs too for 24 hours."""
    return jsonify(secret=webhooks.rotate_secret(owner(), endpoint_id))


@blueprint.route("/<endpoint_id>/test", methods=["POST"])
@needs(Scope.WRITE)
@blueprint.response(202, schemas.DeliverySchema)
def send_test_event(endpoint_id: str) -> Response:
    """Send a test event."""
    return make_response(jsonify(webhooks.send_test_event(owner(), endpoint_id)), 202)


@blueprint.route("/<endpoint_id>/deliveries")
@needs(Scope.READ)
@blueprint.arguments(schemas.PageQuerySchema, location="query")
@blueprint.response(200, schemas.DeliveriesSchema)
def list_deliveries(query: dict[str, Any], endpoint_id: str) -> Response:
    """List what was sent to an endpoint, the newest first."""
    page = webhooks.list_deliveries(owner(), endpoint_id, pagination.read_before(query), query["limit"])
    return pagination.respond(page)
