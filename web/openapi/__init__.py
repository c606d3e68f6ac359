"""The description of the whole API, /openapi.json: what the routes and their schemas do not say themselves."""

from http import HTTPStatus
from typing import Any

from apispec import APISpec, BasePlugin
from flask import Flask
from flask_smorest import Api

from producer.documents import schemas
from web import errors
from web.openapi import examples, introduction, operation_ids, outside_api, parameter_texts, uploads, vendors
from web.openapi.parts import PROBLEM, response, schema_ref
from web.vendors.security import BEARER_TOKEN

OF_BODIES = (schemas.ProblemSchema, schemas.JobOptionsSchema, schemas.ItemRequestSchema, schemas.LinkValuesSchema)
"""The schemas that no view names."""


def describe(app: Flask) -> Api:
    """Create the Api of an app, on which blueprints are registered."""
    app.config["API_SPEC_OPTIONS"] = {
        "paths": vendors.paths() | outside_api.paths(),
        "info": introduction.INFO,
        "servers": introduction.SERVERS,
    }
    api = Api(app, spec_kwargs={"extra_plugins": [OperationDetails(app)]})
    api.ma_plugin.converter.add_attribute_function(_json_schema_pattern)
    components = api.spec.components
    for name, definition in vendors.security_schemes().items():
        components.security_scheme(name, definition)
    for schema in (
        schemas.ProblemSchema,
        schemas.JobOptionsSchema,
        schemas.ItemRequestSchema,
        schemas.LinkValuesSchema,
    ):
        components.schema(schema.__name__.removesuffix("Schema"), schema=schema)
    for name, definition in uploads.schemas_of_bodies(components.schemas).items():
        components.schema(name, definition)
    for status in _error_statuses():
        components.response(f"Problem{status}", _problem_response(status))
    return api


class OperationDetails(BasePlugin):
    """Adds to every operation of our own API the errors it may return, its key, its name and its examples."""

    def __init__(self, app: Flask) -> None:
        self.app = app

    def init_spec(self, spec: APISpec) -> None:
        self.components = spec.components

    def path_helper(
        self,
        path: str | None = None,
        operations: dict[str, Any] | None = None,
        parameters: list[dict[str, Any]] | None = None,
        **_options: Any,
    ) -> None:
        parameter_texts.describe("*", parameters or [])

    def operation_helper(
        self, path: str | None = None, operations: dict[str, Any] | None = None, **_options: Any
    ) -> None:
        views = operation_ids.of_views(self.app)
        for method, operation in (operations or {}).items():
            place = (method, path or "")
            call = f"{method.upper()} {path}"
            if place == ("post", "/api/jobs"):
                operation |= uploads.description(self.components.schemas)
            operation.setdefault("operationId", views[place])
            _split_summary(operation)
            parameter_texts.describe(call, operation.get("parameters", []))
            operation["responses"] = _responses(place, operation)
            operation["security"] = [{BEARER_TOKEN.name: []}]
            examples.add_documented(call, operation)

    def schema_helper(self, name: str, definition: dict[str, Any], **_options: Any) -> dict[str, Any]:
        """Give a schema its example; calls whose body has this schema show it too."""
        if name not in examples.BY_SCHEMA:
            return {}
        return {"examples": [examples.BY_SCHEMA[name]]}


def _split_summary(operation: dict[str, Any]) -> None:
    """Leave the first sentence to the summary. The others become the description."""
    first, _, rest = operation["summary"].partition(". ")
    if rest:
        operation["summary"] = f"{first}."
        operation["description"] = rest


def _responses(place: tuple[str, str], operation: dict[str, Any]) -> dict[str, Any]:
    responses = {str(status): content for status, content in operation["responses"].items()}
    statuses = _errors(place, operation, validates_query="422" in responses)
    responses.pop("default")
    for status in statuses:
        responses[str(status)] = f"Problem{status}"
    return responses | OTHER_RESPONSES.get(place, {})


OTHER_RESPONSES = {
    ("post", "/api/jobs"): {"200": response("The job ended within `Prefer: wait`", schema_ref("Job"))},
    ("post", "/api/links"): {"200": response("A link with this `external_id` exists already", schema_ref("Link"))},
    ("get", "/api/jobs/{job_id}"): {"304": {"description": "The job has not changed since `If-None-Match`"}},
}


def _errors(place: tuple[str, str], operation: dict[str, Any], validates_query: bool) -> set[int]:
    statuses = {*ERRORS_OF_EVERY_CALL, *OTHER_ERRORS.get(place, ())}
    if "{" in place[1]:
        statuses.update(ERRORS_WITH_ID)
    if "requestBody" in operation:
        statuses.update(ERRORS_WITH_BODY)
    if validates_query:
        statuses.add(422)
    return statuses


ERRORS_OF_EVERY_CALL = (401, 403, 503)
ERRORS_WITH_BODY = (400, 413, 415, 422, 507)
ERRORS_WITH_ID = (404,)
OTHER_ERRORS = {
    ("post", "/api/jobs"): (409, 429),
    ("delete", "/api/jobs/{job_id}"): (409,),
    ("get", "/api/jobs/{job_id}/items"): (410,),
    ("get", "/api/jobs/{job_id}/results.csv"): (410, 422),
    ("get", "/api/jobs/{job_id}/results.ndjson"): (410, 422),
    ("get", "/api/jobs/{job_id}/qr.zip"): (410,),
    ("post", "/api/jobs/{job_id}/cancel"): (409,),
    ("post", "/api/jobs/{job_id}/retry"): (409, 410),
    ("post", "/api/jobs/{job_id}/undo"): (409, 410),
    ("get", "/api/links"): (410,),
    ("post", "/api/links"): (409,),
    ("patch", "/api/links/{link_id}"): (409,),
    ("post", "/api/domains/{domain_id}/verify"): (409,),
    ("post", "/api/groups"): (409,),
    ("patch", "/api/groups/{group_id}"): (409,),
    ("post", "/api/tags"): (409,),
    ("patch", "/api/tags/{tag_id}"): (409,),
    ("post", "/api/domains"): (409,),
    ("delete", "/api/domains/{domain_id}"): (409,),
}


def _error_statuses() -> list[int]:
    statuses = {*ERRORS_OF_EVERY_CALL, *ERRORS_WITH_BODY, *ERRORS_WITH_ID}
    for more in OTHER_ERRORS.values():
        statuses.update(more)
    return sorted(statuses)


def _problem_response(status: int) -> dict[str, Any]:
    phrase = HTTPStatus(status).phrase
    code = next(error.code for error, error_status in errors.STATUS.items() if error_status == status)
    described = response(phrase, schema_ref("Problem"), PROBLEM)
    described["content"][PROBLEM]["example"] = {
        "type": "about:blank",
        "title": phrase,
        "status": status,
        "detail": "What is wrong, and what would be right",
        "code": code,
    }
    return described


def _json_schema_pattern(_converter: Any, _field: Any, ret: dict[str, Any], **_options: Any) -> dict[str, Any]:
    """Translate a pattern: Python's match is anchored at the beginning, and its \\Z is $ in JSON Schema."""
    if "pattern" not in ret:
        return {}
    return {"pattern": "^" + ret["pattern"].replace(r"\Z", "$")}
