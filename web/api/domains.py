"""`/api/domains`: the hostnames that a workspace's short links may be on."""

from typing import Any

from flask import Response, jsonify, make_response

from models.accounts.keys import Scope
from producer.documents import schemas
from producer.resources import domains
from web import pagination
from web.api.json_parser import Blueprint
from web.auth import needs, owner

blueprint = Blueprint("domains", __name__, url_prefix="/api/domains", description="Hostnames of short links")


@blueprint.route("", methods=["POST"])
@needs(Scope.WRITE)
@blueprint.arguments(schemas.DomainRequestSchema)
@blueprint.response(201, schemas.DomainSchema)
def add_domain(fields: dict[str, Any]) -> Response:
    """Add a hostname whose DNS points to this server. It serves once it is verified."""
    domain = domains.add_domain(owner(), fields["hostname"], fields["case_sensitive"])
    response = make_response(jsonify(domain), 201)
    response.headers["Location"] = f"/api/domains/{domain['id']}"
    return response


@blueprint.route("")
@needs(Scope.READ)
@blueprint.arguments(schemas.PageQuerySchema, location="query")
@blueprint.response(200, schemas.DomainsSchema)
def list_domains(query: dict[str, Any]) -> Response:
    """List the default domain, which all workspaces share, and the workspace's own."""
    return pagination.respond(domains.list_domains(owner(), pagination.read_after(query), query["limit"]))


@blueprint.route("/<domain_id>")
@needs(Scope.READ)
@blueprint.response(200, schemas.DomainSchema)
def show_domain(domain_id: str) -> Response:
    """Show a domain."""
    return jsonify(domains.show_domain(owner(), domain_id))


@blueprint.route("/<domain_id>/verify", methods=["POST"])
@needs(Scope.WRITE)
@blueprint.response(200, schemas.DomainSchema)
def verify_domain(domain_id: str) -> Response:
    """Look for the DNS record or the file that proves the hostname. Its short links lead from then on."""
    return jsonify(domains.verify_domain(owner(), domain_id))


@blueprint.route("/<domain_id>", methods=["DELETE"])
@needs(Scope.WRITE)
@blueprint.response(204)
def remove_domain(domain_id: str) -> Response:
    """Remove a domain. There must be no links and no jobs on it."""
    domains.remove_domain(owner(), domain_id)
    return Response(status=204)
