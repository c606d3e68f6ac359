"""`/api/keys`: who may ask on a workspace's behalf."""

from typing import Any

from flask import Response, jsonify, make_response
from flask_smorest import Blueprint

from models import store
from models.accounts import keys
from models.accounts.keys import ApiKey
from models.errors import Forbidden, NotFound
from models.ids import parse_id
from models.store import Connection
from producer.documents import schemas
from producer.documents.account_documents import key_document
from web import pagination
from web.auth import needs, owner

blueprint = Blueprint("keys", __name__, url_prefix="/api/keys", description="Keys of a workspace")


@blueprint.route("", methods=["POST"])
@needs("write")
@blueprint.arguments(schemas.KeyRequest)
@blueprint.response(201, schemas.NewKey)
def create(asked: dict[str, Any]) -> Response:
    """Make a key. Its secrets are in this answer and never again."""
    shown = added(asked)
    response = make_response(jsonify(shown), 201)
    response.headers["Location"] = f"/api/keys/{shown['id']}"
    return response


@blueprint.route("")
@needs("read")
@blueprint.arguments(schemas.PageQuery, location="query")
@blueprint.response(200, schemas.Keys)
def listed(query: dict[str, Any]) -> Response:
    """The workspace's keys, revoked ones too."""
    with store.read() as db:
        rows = keys.page(db, owner().workspace_id, int(query.get("cursor", 0)), query["limit"] + 1)
    return pagination.page(rows, query["limit"], key_document)


@blueprint.route("/<key_id>")
@needs("read")
@blueprint.response(200, schemas.Key)
def one(key_id: str) -> Response:
    """A key."""
    with store.read() as db:
        return jsonify(key_document(find(db, key_id)))


@blueprint.route("/<key_id>", methods=["DELETE"])
@needs("write")
@blueprint.response(204)
def revoke(key_id: str) -> Response:
    """Revoke it, from the next request on. A key may revoke itself."""
    with store.write() as db:
        keys.revoke(db, find(db, key_id).id)
    return Response(status=204)


def added(asked: dict[str, Any]) -> dict[str, Any]:
    """A new key, with its secrets; none that may do more than the one that asks."""
    scopes = [scope for scope in keys.Scope if scope in asked.get("scopes", owner().scopes)]
    if lacking := set(scopes) - owner().scopes:
        raise Forbidden(f"this key lacks the scope {min(lacking)!r} itself")
    with store.write() as db:
        made = keys.add(db, owner().workspace_id, asked["name"], scopes)
        return key_document(find(db, made["id"])) | made


def find(db: Connection, key_id: str) -> ApiKey:
    row = keys.get(db, parse_id(key_id), owner().workspace_id)
    if row is None:
        raise NotFound("there is no such key")
    return row
