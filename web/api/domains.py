"""`/api/domains`: the hostnames that short links of a workspace may be on."""

from typing import Any

from flask import Response, jsonify, make_response
from flask_smorest import Blueprint

from models import store
from models.accounts import domains
from models.accounts.domains import Domain
from models.errors import Conflict, DuplicateKey, Forbidden, NotFound
from models.ids import parse_id
from models.store import Connection
from producer.documents import schemas
from producer.documents.account_documents import domain_document
from producer.rules import item_errors
from web import pagination
from web.auth import needs, owner

blueprint = Blueprint("domains", __name__, url_prefix="/api/domains", description="Hostnames of short links")


@blueprint.route("", methods=["POST"])
@needs("write")
@blueprint.arguments(schemas.DomainRequest)
@blueprint.response(201, schemas.Domain)
def create(asked: dict[str, Any]) -> Response:
    """Add a hostname that leads here."""
    try:
        with store.write() as db:
            row = domains.add(db, owner().workspace_id, asked["hostname"])
    except DuplicateKey as error:
        raise item_errors.conflict("hostname", "HOSTNAME_TAKEN", str(error)) from None
    response = make_response(jsonify(domain_document(row)), 201)
    response.headers["Location"] = f"/api/domains/{row.id}"
    return response


@blueprint.route("")
@needs("read")
@blueprint.arguments(schemas.PageQuery, location="query")
@blueprint.response(200, schemas.Domains)
def listed(query: dict[str, Any]) -> Response:
    """The default domain, which is everybody's, and those of this workspace."""
    with store.read() as db:
        rows = domains.page(db, owner().workspace_id, int(query.get("cursor", 0)), query["limit"] + 1)
    return pagination.page(rows, query["limit"], domain_document)


@blueprint.route("/<domain_id>")
@needs("read")
@blueprint.response(200, schemas.Domain)
def one(domain_id: str) -> Response:
    """A domain."""
    with store.read() as db:
        return jsonify(domain_document(find(db, domain_id)))


@blueprint.route("/<domain_id>", methods=["DELETE"])
@needs("write")
@blueprint.response(204)
def remove(domain_id: str) -> Response:
    """Give it up; not while links or jobs are on it."""
    with store.write() as db:
        row = find(db, domain_id)
        if row.is_default:
            raise Forbidden("the default domain is everybody's and stays")
        if not domains.remove(db, row.id):
            raise Conflict("links or jobs are on this domain: delete them first")
    return Response(status=204)


def find(db: Connection, domain_id: str) -> Domain:
    row = domains.get(db, parse_id(domain_id), owner().workspace_id)
    if row is None:
        raise NotFound("there is no such domain")
    return row
