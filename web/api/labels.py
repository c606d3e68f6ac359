"""Groups and tags over HTTP: one description from which both resources are made."""

from typing import Any

from flask import Response, jsonify, make_response
from flask_smorest import Blueprint
from marshmallow import Schema

from models import store
from models.errors import DuplicateKey, NotFound
from models.ids import parse_id
from models.links import labels
from models.links.labels import Label, LabelKind
from models.store import Connection
from producer.documents import schemas
from producer.documents.account_documents import label_document
from producer.rules import item_errors
from web import pagination
from web.auth import needs, owner

LARGEST_ID = 2**31 - 1


def resource(
    kind: LabelKind, request_schema: type[Schema], change_schema: type[Schema], after_delete: str
) -> Blueprint:
    """The routes of a kind of label. `after_delete` tells in OpenAPI what becomes of its links."""
    plural = kind.plural
    id_name = f"{kind.name}_id"
    blueprint = Blueprint(plural, __name__, url_prefix=f"/api/{plural}", description=f"{plural.capitalize()} of links")

    @blueprint.route("", methods=["POST"])
    @needs("write")
    @blueprint.arguments(request_schema)
    @blueprint.response(201, schemas.Label)
    @blueprint.doc(summary=f"Make a {kind.name}, under an id of your choice or the next.")
    def create(body: dict[str, Any]) -> Response:
        return _create(kind, body)

    @blueprint.route("")
    @needs("read")
    @blueprint.arguments(schemas.PageQuery, location="query")
    @blueprint.response(200, schemas.Labels)
    @blueprint.doc(summary=f"The workspace's {plural}.")
    def page(query: dict[str, Any]) -> Response:
        return _page(kind, query)

    @blueprint.route(f"/<{id_name}>")
    @needs("read")
    @blueprint.response(200, schemas.Label)
    @blueprint.doc(summary=f"A {kind.name}.")
    def one(**path: str) -> Response:
        with store.read() as db:
            return jsonify(label_document(_find(db, kind, path[id_name])))

    @blueprint.route(f"/<{id_name}>", methods=["PATCH"])
    @needs("write")
    @blueprint.arguments(change_schema)
    @blueprint.response(200, schemas.Label)
    @blueprint.doc(summary="Give it another name.")
    def change(body: dict[str, Any], **path: str) -> Response:
        return _rename(kind, path[id_name], body)

    @blueprint.route(f"/<{id_name}>", methods=["DELETE"])
    @needs("write")
    @blueprint.response(204)
    @blueprint.doc(summary=f"Delete it; its links stay, {after_delete}.")
    def remove(**path: str) -> Response:
        _remove(kind, path[id_name])
        return Response(status=204)

    return blueprint


def _create(kind: LabelKind, body: dict[str, Any]) -> Response:
    try:
        with store.write() as db:
            label = labels.create(db, kind, owner().workspace_id, body["name"], body.get("id"))
    except DuplicateKey as error:
        raise item_errors.conflict(str(error), "CONFLICT", f"The {error} is in use.") from None
    response = make_response(jsonify(label_document(label)), 201)
    response.headers["Location"] = f"/api/{kind.plural}/{label.id}"
    return response


def _page(kind: LabelKind, query: dict[str, Any]) -> Response:
    after = _label_id(query.get("cursor", "0"))
    with store.read() as db:
        rows = labels.page(db, kind, owner().workspace_id, after, query["limit"] + 1)
    return pagination.page(rows, query["limit"], label_document)


def _rename(kind: LabelKind, text: str, body: dict[str, Any]) -> Response:
    try:
        with store.write() as db:
            label = _find(db, kind, text)
            labels.rename(db, kind, label, body.get("name", label.name))
            return jsonify(label_document(_find(db, kind, text)))
    except DuplicateKey:
        raise item_errors.conflict("name", "CONFLICT", "The name is in use.") from None


def _remove(kind: LabelKind, text: str) -> None:
    with store.read() as db:
        label = _find(db, kind, text)
    # Many small transactions: a label may be on a million links, and others want to write too.
    last = None
    while True:
        with store.write() as db:
            last = labels.detach(db, kind, label, last)
        if last is None:
            break
    with store.write() as db:
        labels.remove(db, kind, label)


def _find(db: Connection, kind: LabelKind, text: str) -> Label:
    label = labels.get(db, kind, owner().workspace_id, _label_id(text))
    if label is None:
        raise NotFound(f"There is no such {kind.name}.")
    return label


def _label_id(text: str) -> int:
    """An id that fits its column. Of what is not a number or too large, one that no label has."""
    return min(parse_id(text), LARGEST_ID)
