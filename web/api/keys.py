"""`/api/keys`: the API keys of a workspace."""

from typing import Any

from flask import Response, jsonify, make_response

from models.accounts.keys import Scope
from producer.documents import schemas
from producer.resources import keys
from web import pagination
from web.api.json_parser import Blueprint
from web.auth import needs, owner

blueprint = Blueprint("keys", __name__, url_prefix="/api/keys", description="Keys of a workspace")


@blueprint.route("", methods=["POST"])
@needs(Scope.WRITE)
@blueprint.arguments(schemas.KeyRequestSchema)
@blueprint.response(201, schemas.NewKeySchema)
def create_key(fields: dict[str, Any]) -> Response:
    """Create a key. Only this answer contains its secrets."""
    key = keys.create_key(owner(), fields["name"], fields.get("scopes"))
    response = make_response(jsonify(key), 201)
    response.headers["Location"] = f"/api/keys/{key['id']}"
    return response


@blueprint.route("")
@needs(Scope.READ)
@blueprint.arguments(schemas.PageQuerySchema, location="query")
@blueprint.response(200, schemas.KeysSchema)
def list_keys(query: dict[str, Any]) -> Response:
    """List the workspace's keys, revoked ones too."""
    return pagination.respond(keys.list_keys(owner(), pagination.read_after(query), query["limit"]))


@blueprint.route("/<key_id>")
@needs(Scope.READ)
@blueprint.response(200, schemas.KeySchema)
def show_key(key_id: str) -> Response:
    """Show a key."""
    return jsonify(keys.show_key(owner(), key_id))


@blueprint.route("/<key_id>", methods=["DELETE"])
@needs(Scope.WRITE)
@blueprint.response(204)
def revoke_key(key_id: str) -> Response:
    """Revoke a key: it is refused from the next request on. A key may revoke itself."""
    keys.revoke_key(owner(), key_id)
    return Response(status=204)
