"""`/app/webhooks`: the endpoints that are called when a job ends, and what was sent to them."""

from typing import Any, NamedTuple

from flask import Blueprint, Response, flash, request, url_for
from marshmallow import ValidationError

from models.errors import BadTarget
from producer.documents import schemas
from producer.resources import deliveries, webhooks
from web import pagination
from web.auth import owner
from web.dashboard.frame import forms, pages, phrases

MOST_ENDPOINTS = 200
ROWS = 25

blueprint = Blueprint("webhooks", __name__, url_prefix="/webhooks")


@blueprint.get("")
def list_endpoints() -> Response:
    return _render_list(200)


@blueprint.post("")
def create_endpoint() -> Response:
    form = _read_form()
    if form.fault:
        return _render_list(422, request.form, form.fault)
    try:
        endpoint = webhooks.create_endpoint(owner(), form.fields["url"], form.fields["events"])
    except BadTarget as error:
        return _render_list(422, request.form, str(error))
    back = url_for(".show_endpoint", endpoint_id=endpoint["id"])
    return _render_secret(phrases.NEW_ENDPOINT, endpoint["secret"], back, 201)


@blueprint.post("/secret")
def rotate_workspace_secret() -> Response:
    secret = webhooks.rotate_workspace_secret(owner())
    return _render_secret(phrases.NEW_WORKSPACE_SECRET, secret, url_for(".list_endpoints"))


@blueprint.get("/<endpoint_id>")
def show_endpoint(endpoint_id: str) -> Response:
    return _render_endpoint(endpoint_id, 200)


@blueprint.post("/<endpoint_id>")
def change_endpoint(endpoint_id: str) -> Response:
    endpoint = webhooks.show_endpoint(owner(), endpoint_id)
    form = _read_form()
    if form.fault:
        return _render_endpoint(endpoint_id, 422, request.form, form.fault)
    try:
        webhooks.change_endpoint(owner(), endpoint_id, form.fields | {"disabled": endpoint["disabled"]})
    except BadTarget as error:
        return _render_endpoint(endpoint_id, 422, request.form, str(error))
    flash(phrases.ENDPOINT_SAVED)
    return pages.go_to(".show_endpoint", endpoint_id=endpoint_id)


@blueprint.post("/<endpoint_id>/<any(disable,enable):action>")
def set_disabled(endpoint_id: str, action: str) -> Response:
    disabled = action == "disable"
    webhooks.change_endpoint(owner(), endpoint_id, {"disabled": disabled})
    flash(phrases.ENDPOINT_DISABLED if disabled else phrases.ENDPOINT_ENABLED)
    return pages.go_to(".show_endpoint", endpoint_id=endpoint_id)


@blueprint.post("/<endpoint_id>/rotate")
def rotate_secret(endpoint_id: str) -> Response:
    secret = webhooks.rotate_secret(owner(), endpoint_id)
    back = url_for(".show_endpoint", endpoint_id=endpoint_id)
    return _render_secret(phrases.NEW_ENDPOINT_SECRET, secret, back)


@blueprint.post("/<endpoint_id>/test")
def send_test_event(endpoint_id: str) -> Response:
    webhooks.send_test_event(owner(), endpoint_id)
    flash(phrases.TEST_EVENT_SENT)
    return pages.go_to(".show_endpoint", endpoint_id=endpoint_id)


@blueprint.route("/<endpoint_id>/delete", methods=["GET", "POST"])
def delete_endpoint(endpoint_id: str) -> Response:
    endpoint = webhooks.show_endpoint(owner(), endpoint_id)
    if request.method == "POST":
        webhooks.remove_endpoint(owner(), endpoint_id)
        flash(phrases.ENDPOINT_DELETED)
        return pages.go_to(".list_endpoints")
    back = url_for(".show_endpoint", endpoint_id=endpoint_id)
    return pages.ask(phrases.DELETE_ENDPOINT, back, url=endpoint["url"])


@blueprint.post("/<endpoint_id>/deliveries/<delivery_id>")
def redeliver(endpoint_id: str, delivery_id: str) -> Response:
    webhooks.show_endpoint(owner(), endpoint_id)  # refuses another workspace's endpoint
    deliveries.redeliver(owner(), delivery_id)
    flash(phrases.WEBHOOK_SENT_AGAIN)
    return pages.go_to(".show_endpoint", endpoint_id=endpoint_id)


class EndpointForm(NamedTuple):
    """The fields of an endpoint's form, or what is wrong with them."""

    fields: dict[str, Any]
    fault: str = ""


def _read_form() -> EndpointForm:
    values = {"url": request.form.get("url", "").strip(), "events": request.form.getlist("events")}
    try:
        return EndpointForm(schemas.WebhookRequestSchema().load(values))
    except ValidationError as error:
        if "events" in forms.schema_faults_by_field(error):
            return EndpointForm({}, phrases.NO_EVENTS)
        return EndpointForm({}, phrases.NO_ENDPOINT_URL)


def _render_list(status: int, form: Any = None, fault: str = "") -> Response:
    page = webhooks.list_endpoints(owner(), 0, MOST_ENDPOINTS)
    return pages.render("webhooks", status, endpoints=page.items, events=schemas.EVENTS, form=form, fault=fault)


def _render_endpoint(endpoint_id: str, status: int, form: Any = None, fault: str = "") -> Response:
    before = pagination.read_before(request.args)
    page = webhooks.list_deliveries(owner(), endpoint_id, before, ROWS)
    next_url = None
    if page.next_cursor:
        next_url = url_for(".show_endpoint", endpoint_id=endpoint_id, cursor=page.next_cursor)
    return pages.render(
        "webhook",
        status,
        endpoint=webhooks.show_endpoint(owner(), endpoint_id),
        events=schemas.EVENTS,
        deliveries=page.items,
        next_url=next_url,
        is_first_page=before is None,
        form=form,
        fault=fault,
    )


def _render_secret(heading: str, secret: str, back: str, status: int = 200) -> Response:
    return pages.render("secret", status, heading=heading, secrets={phrases.SIGNING_SECRET: secret}, back=back)
