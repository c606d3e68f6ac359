"""`/app/keys`: who may ask on the workspace's behalf."""

from typing import Any

from flask import Blueprint, Response, flash, request, url_for
from marshmallow import ValidationError

from models import store
from models.accounts import keys
from producer.documents import schemas
from producer.documents.account_documents import key_document
from web.api import keys as api
from web.auth import owner
from web.dashboard.frame import forms, pages

MOST = 500
SECRETS = {"token": "Token", "consumer_key": "Consumer key", "consumer_secret": "Consumer secret"}

blueprint = Blueprint("keys", __name__, url_prefix="/keys")


@blueprint.get("")
def listed() -> Response:
    return _list(200)


@blueprint.post("")
def add() -> Response:
    given = {"name": request.form.get("name", ""), "scopes": request.form.getlist("scopes")}
    try:
        made = api.added(schemas.KeyRequest().load(given))
    except ValidationError as error:
        return _list(422, request.form, forms.broken(error))
    told = {label: made[name] for name, label in SECRETS.items()}
    return pages.page("secret", 201, heading=f"The key {made['name']}", secrets=told, back=url_for(".listed"))


@blueprint.route("/<key_id>/revoke", methods=["GET", "POST"])
def revoke(key_id: str) -> Response:
    with store.read() as db:
        row = api.find(db, key_id)
    if request.method == "POST":
        with store.write() as db:
            keys.revoke(db, row.id)
        flash(f"The key {row.name} is revoked.")
        return pages.go(".listed")
    own = " You are signed in with it: you will be signed out." if row.id == owner().key_id else ""
    text = f"Whatever uses {row.name} is refused from its next request on. This cannot be taken back.{own}"
    return pages.page("confirm", heading="Revoke this key?", text=text, button="Revoke it", back=url_for(".listed"))


def _list(status: int, given: Any = None, faults: dict[str, str] | None = None) -> Response:
    with store.read() as db:
        found = [key_document(row) for row in keys.page(db, owner().workspace_id, 0, MOST)]
    scopes = [scope for scope in keys.Scope if scope in owner().scopes]
    own = str(owner().key_id)
    return pages.page("keys", status, keys=found[::-1], own=own, scopes=scopes, given=given, faults=faults or {})
