"""`/app/labels`: the groups and tags of links."""

from flask import Blueprint, Response, flash, request, url_for
from marshmallow import ValidationError

from models.errors import Conflict
from models.links.labels import GROUPS, TAGS
from producer.documents import schemas
from producer.resources import labels
from web.auth import owner
from web.dashboard.frame import forms, pages, phrases

MOST_LABELS = 500
KINDS = {
    "groups": (GROUPS, schemas.GroupRequestSchema),
    "tags": (TAGS, schemas.TagRequestSchema),
}

blueprint = Blueprint("labels", __name__, url_prefix="/labels")


@blueprint.get("")
def list_labels() -> Response:
    return _render(200)


@blueprint.post("/<any(groups, tags):plural>")
def create_label(plural: str) -> Response:
    kind, schema = KINDS[plural]
    try:
        fields = schema().load({"name": request.form.get("name", "").strip()})
        label = labels.create_label(owner(), kind, fields["name"])
    except ValidationError as error:
        return _render(422, {plural: forms.schema_faults_by_field(error)["name"]})
    except Conflict as error:
        return _render(422, {plural: str(error)})
    flash(phrases.LABEL_CREATED.format(kind=kind.name, name=label["name"]))
    return pages.go_to(".list_labels")


@blueprint.route("/<any(groups, tags):plural>/<label_id>/delete", methods=["GET", "POST"])
def delete_label(plural: str, label_id: str) -> Response:
    kind, _ = KINDS[plural]
    label = labels.show_label(owner(), kind, label_id)
    if request.method == "POST":
        labels.remove_label(owner(), kind, label_id)
        flash(phrases.LABEL_DELETED.format(kind=kind.name, name=label["name"]))
        return pages.go_to(".list_labels")
    return pages.ask(phrases.DELETE_LABEL, url_for(".list_labels"), kind=kind.name, name=label["name"])


def _render(status: int, faults: dict[str, str] | None = None) -> Response:
    lists = {}
    for plural, (kind, _) in KINDS.items():
        lists[plural] = labels.list_labels(owner(), kind, "0", MOST_LABELS).items
    return pages.render("labels", status, lists=lists, form=request.form, faults=faults or {})
