"""`/api/links/{id}`: one link, its clicks and its QR code."""

from typing import Any

from flask import Response, jsonify, request
from flask_smorest import Blueprint

from models.accounts.keys import Scope
from producer.documents import qr_codes, schemas
from producer.resources import links
from producer.resources.link_fields import decode_fields, split_fields
from web.api.links import document_body
from web.auth import needs, owner
from web.bodies import chunks

blueprint = Blueprint("link", __name__, url_prefix="/api/links/<link_id>", description="A link")


@blueprint.route("")
@needs(Scope.READ)
@blueprint.response(200, schemas.LinkSchema)
def show_link(link_id: str) -> Response:
    """Show a link."""
    return jsonify(links.show_link(owner(), link_id))


@blueprint.route("", methods=["PATCH"])
@needs(Scope.WRITE)
@document_body(schemas.LinkChangeSchema)
@blueprint.response(200, schemas.LinkSchema)
def change_link(link_id: str) -> Response:
    """Change the fields that the body names, by the rules of items; null removes a value."""
    fields = decode_fields(split_fields(chunks(request)))
    return jsonify(links.change_link(owner(), link_id, fields))


@blueprint.route("", methods=["DELETE"])
@needs(Scope.WRITE)
@blueprint.response(204)
def remove_link(link_id: str) -> Response:
    """Delete a link and its click counts. Its slug and external_id are free again."""
    links.remove_link(owner(), link_id)
    return Response(status=204)


@blueprint.route("/stats")
@needs(Scope.READ)
@blueprint.response(200, schemas.StatsSchema)
def show_link_stats(link_id: str) -> Response:
    """Count its clicks: by day for a year, and by referrer, device and country."""
    return jsonify(links.link_stats(owner(), link_id))


@blueprint.route("/qr.svg")
@needs(Scope.READ)
@blueprint.arguments(schemas.QrQuerySchema, location="query")
@blueprint.response(200, {"type": "string"}, content_type=qr_codes.SVG_TYPE)
def draw_svg(query: dict[str, Any], link_id: str) -> Response:
    """Draw a QR code of the short URL, as SVG."""
    return Response(qr_codes.draw(links.short_url(owner(), link_id), "svg", **query), content_type=qr_codes.SVG_TYPE)


@blueprint.route("/qr.png")
@needs(Scope.READ)
@blueprint.arguments(schemas.QrQuerySchema, location="query")
@blueprint.response(200, {"type": "string", "format": "binary"}, content_type=qr_codes.PNG_TYPE)
def draw_png(query: dict[str, Any], link_id: str) -> Response:
    """Draw a QR code of the short URL, as PNG."""
    return Response(qr_codes.draw(links.short_url(owner(), link_id), "png", **query), content_type=qr_codes.PNG_TYPE)
