"""`/api/groups` and `/api/tags`: two registrations of one resource, a label."""

from typing import Any

from flask import Response, jsonify, make_response
from marshmallow import Schema

from models.accounts.keys import Scope
from models.links.labels import GROUPS, TAGS, LabelKind
from producer.documents import schemas
from producer.resources import labels
from web import pagination
from web.api.json_parser import Blueprint
from web.auth import needs, owner


def register_list(blueprint: Blueprint, kind: LabelKind, request_schema: type[Schema]) -> None:
    noun = kind.name

    @blueprint.route("", methods=["POST"])
    @needs(Scope.WRITE)
    @blueprint.arguments(request_schema)
    @blueprint.response(201, schemas.LabelSchema)
    @blueprint.doc(
        operationId=f"create_{noun}", summary=f"Create a {noun}, under an id of your choice or the next free one."
    )
    def create_label(fields: dict[str, Any]) -> Response:
        label = labels.create_label(owner(), kind, fields["name"], fields.get("id"))
        response = make_response(jsonify(label), 201)
        response.headers["Location"] = f"/api/{kind.plural}/{label['id']}"
        return response

    @blueprint.route("")
    @needs(Scope.READ)
    @blueprint.arguments(schemas.PageQuerySchema, location="query")
    @blueprint.response(200, schemas.LabelsSchema)
    @blueprint.doc(operationId=f"list_{kind.plural}", summary=f"List the workspace's {kind.plural}.")
    def list_labels(query: dict[str, Any]) -> Response:
        return pagination.respond(labels.list_labels(owner(), kind, query.get("cursor", "0"), query["limit"]))


def register_one(blueprint: Blueprint, kind: LabelKind, change_schema: type[Schema]) -> None:
    noun = kind.name
    path = f"/<{noun}_id>"

    @blueprint.url_value_preprocessor
    def name_id(_endpoint: str | None, values: dict[str, Any] | None) -> None:
        """The path says `group_id` or `tag_id`; the views call both `label_id`."""
        if values:
            values["label_id"] = values.pop(f"{noun}_id")

    @blueprint.route(path)
    @needs(Scope.READ)
    @blueprint.response(200, schemas.LabelSchema)
    @blueprint.doc(operationId=f"show_{noun}", summary=f"Show a {noun}.")
    def show_label(label_id: str) -> Response:
        return jsonify(labels.show_label(owner(), kind, label_id))

    @blueprint.route(path, methods=["PATCH"])
    @needs(Scope.WRITE)
    @blueprint.arguments(change_schema)
    @blueprint.response(200, schemas.LabelSchema)
    @blueprint.doc(operationId=f"rename_{noun}", summary=f"Rename a {noun}.")
    def rename_label(fields: dict[str, Any], label_id: str) -> Response:
        return jsonify(labels.rename_label(owner(), kind, label_id, fields.get("name")))

    @blueprint.route(path, methods=["DELETE"])
    @needs(Scope.WRITE)
    @blueprint.response(204)
    @blueprint.doc(operationId=f"delete_{noun}", summary=f"Delete a {noun}. Its links stay, without it.")
    def remove_label(label_id: str) -> Response:
        labels.remove_label(owner(), kind, label_id)
        return Response(status=204)


groups = Blueprint(
    "groups", __name__, url_prefix="/api/groups", description="Groups of links: a link is in one group or none"
)
register_list(groups, GROUPS, schemas.GroupRequestSchema)
register_one(groups, GROUPS, schemas.GroupChangeSchema)

tags = Blueprint("tags", __name__, url_prefix="/api/tags", description="Tags of links: a link may have many")
register_list(tags, TAGS, schemas.TagRequestSchema)
register_one(tags, TAGS, schemas.TagChangeSchema)
