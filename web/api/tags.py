"""`/api/tags`: names for links that belong together, many a link."""

from typing import Any

from flask import Response
from flask_smorest import Blueprint

from models import store
from models.links import labels
from models.links.labels import TAGS
from producer.documents import schemas
from web.api import labels as web_labels
from web.auth import needs

blueprint = Blueprint("tags", __name__, url_prefix="/api/tags", description="Tags of links")


@blueprint.route("", methods=["POST"])
@needs("write")
@blueprint.arguments(schemas.TagRequest)
@blueprint.response(201, schemas.Label)
def create(asked: dict[str, Any]) -> Response:
    """Make a tag, under an id of your choice or the next."""
    return web_labels.made(TAGS, asked)


@blueprint.route("")
@needs("read")
@blueprint.arguments(schemas.PageQuery, location="query")
@blueprint.response(200, schemas.Labels)
def listed(query: dict[str, Any]) -> Response:
    """The workspace's tags."""
    return web_labels.listed(TAGS, query)


@blueprint.route("/<tag_id>")
@needs("read")
@blueprint.response(200, schemas.Label)
def one(tag_id: str) -> Response:
    """A tag."""
    return web_labels.one(TAGS, tag_id)


@blueprint.route("/<tag_id>", methods=["PATCH"])
@needs("write")
@blueprint.arguments(schemas.TagChange)
@blueprint.response(200, schemas.Label)
def change(asked: dict[str, Any], tag_id: str) -> Response:
    """Give it another name."""
    return web_labels.renamed(TAGS, tag_id, asked)


@blueprint.route("/<tag_id>", methods=["DELETE"])
@needs("write")
@blueprint.response(204)
def remove(tag_id: str) -> Response:
    """Delete it; its links stay, without it."""
    with store.write() as db:
        row = web_labels.find(db, TAGS, tag_id)
        labels.untag(db, row.workspace_id, row.id)
        labels.remove(db, TAGS, row.workspace_id, row.id)
    return Response(status=204)
