"""`/api/groups`: names for links that belong together, one a link."""

from typing import Any

from flask import Response
from flask_smorest import Blueprint

from models import store
from models.links import labels, links
from models.links.labels import GROUPS, Label
from producer.documents import schemas
from web.api import labels as web_labels
from web.auth import needs

blueprint = Blueprint("groups", __name__, url_prefix="/api/groups", description="Groups of links")


@blueprint.route("", methods=["POST"])
@needs("write")
@blueprint.arguments(schemas.GroupRequest)
@blueprint.response(201, schemas.Label)
def create(asked: dict[str, Any]) -> Response:
    """Make a group, under an id of your choice or the next."""
    return web_labels.made(GROUPS, asked)


@blueprint.route("")
@needs("read")
@blueprint.arguments(schemas.PageQuery, location="query")
@blueprint.response(200, schemas.Labels)
def listed(query: dict[str, Any]) -> Response:
    """The workspace's groups."""
    return web_labels.listed(GROUPS, query)


@blueprint.route("/<group_id>")
@needs("read")
@blueprint.response(200, schemas.Label)
def one(group_id: str) -> Response:
    """A group."""
    return web_labels.one(GROUPS, group_id)


@blueprint.route("/<group_id>", methods=["PATCH"])
@needs("write")
@blueprint.arguments(schemas.GroupChange)
@blueprint.response(200, schemas.Label)
def change(asked: dict[str, Any], group_id: str) -> Response:
    """Give it another name."""
    return web_labels.renamed(GROUPS, group_id, asked)


@blueprint.route("/<group_id>", methods=["DELETE"])
@needs("write")
@blueprint.response(204)
def remove(group_id: str) -> Response:
    """Delete it; its links stay, without a group."""
    with store.read() as db:
        row = web_labels.find(db, GROUPS, group_id)
    _empty(row)
    with store.write() as db:
        while links.ungroup(db, row.workspace_id, row.id, None):  # what has come in meanwhile
            pass
        labels.remove(db, GROUPS, row.workspace_id, row.id)
    return Response(status=204)


def _empty(row: Label) -> None:
    """In many small transactions: a group may have a million links, and others want to write too."""
    done, after = False, None
    while not done:
        with store.write() as db:
            after = links.ungroup(db, row.workspace_id, row.id, after)
        done = after is None
