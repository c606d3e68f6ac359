"""`/app/webhooks`: who is called when a job ends, and what became of it."""

from typing import Any

from flask import Blueprint, Response, flash, request, url_for
from marshmallow import ValidationError

from models import store
from models.errors import BadTarget
from models.ids import parse_id
from models.webhooks import deliveries, endpoints
from models.webhooks.endpoints import Endpoint
from producer.documents import schemas
from producer.documents.webhook_documents import delivery_document, endpoint_document
from web.api import deliveries as sent
from web.api import webhooks as api
from web.auth import owner
from web.dashboard.frame import forms, pages

MOST = 200  # endpoints that are listed
ROWS = 25

blueprint = Blueprint("webhooks", __name__, url_prefix="/webhooks")


@blueprint.get("")
def listed() -> Response:
    return _list(200)


@blueprint.post("")
def add() -> Response:
    asked, fault = _asked()
    row = None
    if not fault:
        try:
            row = api.added(asked)
        except BadTarget as error:
            fault = str(error)
    if row is None:
        return _list(422, given=request.form, fault=fault)
    return _secret("Your new endpoint", row.secret, url_for(".one", endpoint_id=row.id), 201)


@blueprint.post("/secret")
def rotate_workspace() -> Response:
    with store.write() as db:
        secret = endpoints.rotate_workspace_secret(db, owner().workspace_id)
    return _secret("The workspace's new secret", secret, url_for(".listed"))


@blueprint.get("/<endpoint_id>")
def one(endpoint_id: str) -> Response:
    return _page(api.find(endpoint_id), 200)


@blueprint.post("/<endpoint_id>")
def change(endpoint_id: str) -> Response:
    row = api.find(endpoint_id)
    asked, fault = _asked()
    if not fault:
        try:
            api.changed(row, asked | {"disabled": row.disabled_at is not None})
        except BadTarget as error:
            fault = str(error)
    if fault:
        return _page(row, 422, given=request.form, fault=fault)
    flash("The endpoint is changed.")
    return pages.go(".one", endpoint_id=endpoint_id)


@blueprint.post("/<endpoint_id>/<any(disable,enable):what>")
def switch(endpoint_id: str, what: str) -> Response:
    api.changed(api.find(endpoint_id), {"disabled": what == "disable"})
    flash(f"The endpoint is {what}d.")
    return pages.go(".one", endpoint_id=endpoint_id)


@blueprint.post("/<endpoint_id>/rotate")
def rotate(endpoint_id: str) -> Response:
    row = api.find(endpoint_id)
    with store.write() as db:
        secret = endpoints.rotate_secret(db, row.id)
    return _secret("The endpoint's new secret", secret, url_for(".one", endpoint_id=endpoint_id))


@blueprint.post("/<endpoint_id>/test")
def test(endpoint_id: str) -> Response:
    api.tested(api.find(endpoint_id))
    flash("A test event is under way.")
    return pages.go(".one", endpoint_id=endpoint_id)


@blueprint.route("/<endpoint_id>/delete", methods=["GET", "POST"])
def delete(endpoint_id: str) -> Response:
    row = api.find(endpoint_id)
    if request.method == "POST":
        api.removed(row)
        flash("The endpoint is deleted.")
        return pages.go(".listed")
    asked = {"heading": "Delete this endpoint?", "text": f"Nothing more is sent to {row.url}.", "button": "Delete it"}
    return pages.page("confirm", back=url_for(".one", endpoint_id=endpoint_id), **asked)


@blueprint.post("/<endpoint_id>/deliveries/<delivery_id>")
def redeliver(endpoint_id: str, delivery_id: str) -> Response:
    row = api.find(endpoint_id)
    sent.sent_again(parse_id(delivery_id))
    flash("It is sent again.")
    return pages.go(".one", endpoint_id=str(row.id))


def _asked() -> tuple[dict[str, Any], str]:
    """The fields of the form, and what is wrong with them."""
    given = {"url": request.form.get("url", "").strip(), "events": request.form.getlist("events")}
    try:
        return schemas.WebhookRequest().load(given), ""
    except ValidationError as error:
        return {}, "Choose one event at least." if "events" in forms.broken(error) else "A URL is needed."


def _list(status: int, given: Any = None, fault: str = "") -> Response:
    with store.read() as db:
        found = [endpoint_document(row) for row in endpoints.page(db, owner().workspace_id, 0, MOST)]
    return pages.page("webhooks", status, endpoints=found, events=schemas.EVENTS, given=given, fault=fault)


def _page(row: Endpoint, status: int, given: Any = None, fault: str = "") -> Response:
    before = parse_id(request.args.get("cursor", "")) or None
    with store.read() as db:
        rows = deliveries.of_endpoint(db, row.id, before, ROWS + 1)
        tries = deliveries.attempts(db, [found.id for found in rows])
    found = [delivery_document(made, tries.get(made.id, []), row.disabled_reason) for made in rows[:ROWS]]
    more = url_for(".one", endpoint_id=row.id, cursor=found[-1]["id"]) if len(rows) > ROWS else None
    shown = {"endpoint": endpoint_document(row), "events": schemas.EVENTS, "deliveries": found, "more": more}
    return pages.page("webhook", status, given=given, fault=fault, further=before is not None, **shown)


def _secret(heading: str, secret: str, back: str, status: int = 200) -> Response:
    return pages.page("secret", status, heading=heading, secrets={"Signing secret": secret}, back=back)
