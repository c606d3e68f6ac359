"""What /openapi.json says beside the routes: keys, errors, and what no marshmallow schema describes."""

from http import HTTPStatus
from typing import Any

from apispec import BasePlugin
from flask import Flask
from flask_smorest import Api

from producer.documents import schemas
from web import errors
from web.openapi import examples, others, uploads
from web.openapi.parts import BEARER, PROBLEM, SCHEMES, answer, of

EVERYWHERE = (401, 403, 503)
WITH_BODY = (400, 413, 415, 422)
NAMED = (404,)
MORE = {
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
    ("post", "/api/groups"): (409,),
    ("patch", "/api/groups/{group_id}"): (409,),
    ("post", "/api/tags"): (409,),
    ("patch", "/api/tags/{tag_id}"): (409,),
    ("post", "/api/domains"): (409,),
    ("delete", "/api/domains/{domain_id}"): (409,),
}
"""Errors that only some calls have."""
ALSO = {
    ("post", "/api/jobs"): {"200": answer("it ended within `Prefer: wait`", of("Job"))},
    ("post", "/api/links"): {"200": answer("the link was there already, by its `external_id`", of("Link"))},
    ("get", "/api/jobs/{job_id}"): {"304": {"description": "it still is as `If-None-Match` says"}},
}
"""Answers beside the usual one."""
STATUSES = sorted({*EVERYWHERE, *WITH_BODY, *NAMED, *(status for more in MORE.values() for status in more)})


class Truth(BasePlugin):
    """Gives every operation of the native API the errors that it may answer with, and its key."""

    def operation_helper(self, path: str | None = None, operations: dict[str, Any] | None = None, **_more: Any) -> None:
        for method, operation in (operations or {}).items():
            place = (method, path or "")
            if place == ("post", "/api/jobs"):
                operation |= uploads.taken()
            responses = operation["responses"] = {str(code): found for code, found in operation["responses"].items()}
            responses.pop("default")
            responses |= {str(status): f"Problem{status}" for status in _errors(place, operation)}
            responses |= ALSO.get(place, {})
            operation["security"] = BEARER
            examples.add(f"{method.upper()} {path}", operation)

    def schema_helper(self, name: str, definition: dict[str, Any], **_more: Any) -> dict[str, Any]:
        """Every schema has an example, and so has every call whose body is of that schema."""
        return {"examples": [examples.SCHEMAS[name]]} if name in examples.SCHEMAS else {}


def describe(app: Flask) -> Api:
    """The Api of an app, on which blueprints can be registered."""
    app.config["API_SPEC_OPTIONS"] = {"paths": others.paths()}
    api = Api(app, spec_kwargs={"extra_plugins": [Truth()]})
    api.ma_plugin.converter.add_attribute_function(_plain_pattern)
    parts = api.spec.components
    for name, scheme in SCHEMES.items():
        parts.security_scheme(name, scheme)
    for schema in (schemas.Problem, schemas.JobOptions, schemas.ItemRequest):
        parts.schema(schema.__name__, schema=schema)
    for status in STATUSES:
        parts.response(f"Problem{status}", _problem(status))
    return api


def _problem(status: int) -> dict[str, Any]:
    made = answer(HTTPStatus(status).phrase, of("Problem"), PROBLEM)
    code = next(kind.code for kind, found in errors.STATUS.items() if found == status)
    told = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": "why", "code": code}
    made["content"][PROBLEM]["example"] = told
    return made


def _errors(place: tuple[str, str], operation: dict[str, Any]) -> set[int]:
    named = NAMED if "{" in place[1] else ()
    asked = (422,) if "422" in operation["responses"] else ()
    body = WITH_BODY if "requestBody" in operation else ()
    return {*EVERYWHERE, *named, *asked, *body, *MORE.get(place, ())}


def _plain_pattern(_converter: Any, _field: Any, ret: dict[str, Any], **_more: Any) -> dict[str, Any]:
    """As JSON Schema spells what Python's match means."""
    return {"pattern": "^" + ret["pattern"].replace(r"\Z", "$")} if "pattern" in ret else {}
