"""`/app/domains`: the hostnames of short links, and how to prove that one is yours."""

from flask import Blueprint, Response, flash, request, url_for
from marshmallow import ValidationError

from models.errors import Conflict, Forbidden, Invalid, Unavailable
from producer.documents import schemas
from producer.resources import domains
from web.auth import owner
from web.dashboard.frame import forms, pages, phrases

MOST_DOMAINS = 200

blueprint = Blueprint("domains", __name__, url_prefix="/domains")


@blueprint.get("")
def list_domains() -> Response:
    return _render(200)


@blueprint.post("")
def add_domain() -> Response:
    form = {"hostname": request.form.get("hostname", "").strip(), "case_sensitive": "any_case" not in request.form}
    try:
        fields = schemas.DomainRequestSchema().load(form)
        domain = domains.add_domain(owner(), fields["hostname"], fields["case_sensitive"])
    except ValidationError as error:
        return _render(422, forms.schema_faults_by_field(error)["hostname"])
    except (Invalid, Conflict) as error:
        return _render(422, str(error))
    flash(phrases.DOMAIN_ADDED.format_map(domain))
    return pages.go_to(".list_domains")


@blueprint.post("/<domain_id>/verify")
def verify_domain(domain_id: str) -> Response:
    try:
        domain = domains.verify_domain(owner(), domain_id)
    except (Conflict, Unavailable) as error:
        flash(str(error), "bad")
    else:
        flash(phrases.DOMAIN_VERIFIED.format_map(domain))
    return pages.go_to(".list_domains")


@blueprint.route("/<domain_id>/remove", methods=["GET", "POST"])
def remove_domain(domain_id: str) -> Response:
    domain = domains.show_domain(owner(), domain_id)
    if request.method == "GET":
        return pages.ask(phrases.REMOVE_DOMAIN, url_for(".list_domains"), hostname=domain["hostname"])
    try:
        domains.remove_domain(owner(), domain_id)
    except (Conflict, Forbidden) as error:
        flash(str(error), "bad")
    else:
        flash(phrases.DOMAIN_REMOVED.format_map(domain))
    return pages.go_to(".list_domains")


def _render(status: int, fault: str = "") -> Response:
    page = domains.list_domains(owner(), 0, MOST_DOMAINS)
    return pages.render("domains", status, domains=page.items, form=request.form, fault=fault)
