"""`/app/keys`: the API keys of a workspace."""

from typing import Any

from flask import Blueprint, Response, flash, request, url_for
from marshmallow import ValidationError

from models.accounts.keys import Scope
from producer.documents import schemas
from producer.resources import keys
from web.auth import owner
from web.dashboard.frame import forms, pages, phrases

MOST_KEYS = 500

blueprint = Blueprint("keys", __name__, url_prefix="/keys")


@blueprint.get("")
def list_keys() -> Response:
    return _render_list(200)


@blueprint.post("")
def create_key() -> Response:
    form = {"name": request.form.get("name", ""), "scopes": request.form.getlist("scopes")}
    try:
        fields = schemas.KeyRequestSchema().load(form)
    except ValidationError as error:
        return _render_list(422, request.form, forms.schema_faults_by_field(error))
    key = keys.create_key(owner(), fields["name"], fields["scopes"])
    secrets = {label: key[name] for name, label in phrases.SECRET_LABELS.items()}
    heading = phrases.NEW_KEY.format_map(key)
    return pages.render("secret", 201, heading=heading, secrets=secrets, back=url_for(".list_keys"))


@blueprint.route("/<key_id>/revoke", methods=["GET", "POST"])
def revoke_key(key_id: str) -> Response:
    key = keys.show_key(owner(), key_id)
    if request.method == "POST":
        keys.revoke_key(owner(), key_id)
        flash(phrases.KEY_REVOKED.format_map(key))
        return pages.go_to(".list_keys")
    more = phrases.OWN_KEY if key["id"] == str(owner().key_id) else ""
    return pages.ask(phrases.REVOKE_KEY, url_for(".list_keys"), more, name=key["name"])


def _render_list(status: int, form: Any = None, faults: dict[str, str] | None = None) -> Response:
    page = keys.list_keys(owner(), 0, MOST_KEYS)
    return pages.render(
        "keys",
        status,
        keys=page.items[::-1],
        own_id=str(owner().key_id),
        scopes=[scope for scope in Scope if scope in owner().scopes],
        form=form,
        faults=faults or {},
    )
