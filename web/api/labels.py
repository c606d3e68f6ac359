"""What groups and tags have in common at the door."""

from typing import Any

from flask import Response, jsonify, make_response

from models import store
from models.errors import NotFound, Taken
from models.ids import parse_id
from models.links import labels
from models.links.labels import Kind, Label
from models.store import Connection
from producer.documents.account_documents import label_document
from producer.rules import item_errors
from web import pagination
from web.auth import owner

LARGEST = 2**31 - 1


def listed(table: Kind, query: dict[str, Any]) -> Response:
    with store.read() as db:
        rows = labels.page(db, table, owner().workspace_id, number(query.get("cursor", "0")), query["limit"] + 1)
    return pagination.page(rows, query["limit"], label_document)


def made(table: Kind, asked: dict[str, Any]) -> Response:
    try:
        with store.write() as db:
            row = labels.make(db, table, owner().workspace_id, asked["name"], asked.get("id"))
    except Taken as error:
        raise item_errors.conflict(str(error), "CONFLICT", f"the {error} is in use") from None
    response = make_response(jsonify(label_document(row)), 201)
    response.headers["Location"] = f"/api/{table.name}/{row.id}"
    return response


def one(table: Kind, text: str) -> Response:
    with store.read() as db:
        return jsonify(label_document(find(db, table, text)))


def renamed(table: Kind, text: str, asked: dict[str, Any]) -> Response:
    try:
        with store.write() as db:
            row = find(db, table, text)
            labels.rename(db, table, row.workspace_id, row.id, asked.get("name", row.name))
            return jsonify(label_document(find(db, table, text)))
    except Taken:
        raise item_errors.conflict("name", "CONFLICT", "the name is in use") from None


def find(db: Connection, table: Kind, text: str) -> Label:
    row = labels.get(db, table, owner().workspace_id, number(text))
    if row is None:
        raise NotFound(f"there is no such {table.name.removesuffix('s')}")
    return row


def number(text: str) -> int:
    """A number that fits its column; what is none becomes one that nothing has."""
    return min(parse_id(text), LARGEST)
