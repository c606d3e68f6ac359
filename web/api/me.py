"""`/api/me`: the workspace of a key, the plan's limits, and what was used of them."""

from typing import Any

from flask import Response, current_app, jsonify

from models.accounts.keys import Scope
from producer.documents import schemas
from producer.resources import workspace
from web import limits
from web.api.json_parser import Blueprint
from web.auth import needs, owner

blueprint = Blueprint("me", __name__, url_prefix="/api/me", description="The workspace of a key")


@blueprint.route("")
@needs(Scope.READ)
@blueprint.response(200, schemas.MeSchema)
def show_me() -> Response:
    """Show the workspace and the key of the call, the plan's limits, and their use."""
    return jsonify(describe_me())


@blueprint.route("", methods=["PATCH"])
@needs(Scope.WRITE)
@blueprint.arguments(schemas.MeChangeSchema)
@blueprint.response(200, schemas.MeSchema)
def change_me(fields: dict[str, Any]) -> Response:
    """Set how many links a URL Shortify call may ask for; null for the plan's number."""
    if "bulk_limit" in fields:
        workspace.set_bulk_limit(owner(), fields["bulk_limit"])
    return jsonify(describe_me())


def describe_me() -> dict[str, Any]:
    batch_limits = current_app.config["BATCH_LIMITS"]  # by vendor; `web.api` does not import the vendors themselves
    return workspace.describe_workspace(owner(), batch_limits, limits.calls_used(owner()))
