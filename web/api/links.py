"""`/api/links`: create one link, and list links."""

from typing import Any

from flask import Response, jsonify, make_response, request
from flask_smorest import Blueprint
from marshmallow import Schema

from models.accounts.keys import Scope
from producer.documents import schemas
from producer.resources import links
from producer.resources.link_creation import create_link as create
from producer.resources.link_fields import split_fields
from web import idempotency, pagination
from web.auth import needs, owner
from web.bodies import chunks

blueprint = Blueprint("links", __name__, url_prefix="/api/links", description="Single links")


def document_body(schema: type[Schema]) -> Any:
    """Describe in OpenAPI the body of a view that reads it itself, by the rules of items."""
    content = {"application/json": {"schema": schema}}
    return blueprint.doc(requestBody={"required": True, "content": content})


@blueprint.route("", methods=["POST"])
@needs(Scope.WRITE)
@document_body(schemas.LinkRequestSchema)
@blueprint.doc(**idempotency.documentation)
@blueprint.response(201, schemas.LinkSchema)
def create_link() -> Response:
    """Create one link."""
    with idempotency.hold_key() as hold:
        link, is_new = create(owner(), split_fields(chunks(request)), hold)
        response = make_response(jsonify(link), 201 if is_new else 200)
        response.headers["Location"] = f"/api/links/{link['id']}"
        return response


@blueprint.route("")
@needs(Scope.READ)
@blueprint.arguments(schemas.LinksQuerySchema, location="query")
@blueprint.response(200, schemas.LinksSchema)
def list_links(query: dict[str, Any]) -> Response:
    """List the workspace's links, the newest first; those of one job in the order of its rows."""
    limit = query.pop("limit")
    position = query.pop("cursor", None)
    return pagination.respond(links.list_links(owner(), query, position, limit))
