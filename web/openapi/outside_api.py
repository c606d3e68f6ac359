"""Routes that are not part of an API: health, metrics, and short links."""

from http import HTTPStatus
from typing import Any

from web.openapi import examples, parameter_texts
from web.openapi.parts import ANYTHING, PROBLEM, TEXT, response, schema_ref

OPENMETRICS = "application/openmetrics-text"
SLUG_PARAMETER = {"in": "path", "name": "slug", "required": True} | TEXT
PUBLIC: dict[str, Any] = {"security": []}
VISIT_RESPONSES = {
    "200": "A page that shows the destination",
    "401": "A form that asks for the password",
    "4XX": "The link is unknown, or no longer works",
    "503": "Not available at the moment. Try again.",
}


def paths() -> dict[str, Any]:
    """Describe the routes. None of them needs a key."""
    slug = dict(SLUG_PARAMETER)
    parameter_texts.describe("*", [slug])
    described = {
        "/healthz": {"get": _health("check_process", "Whether the process is up", 200)},
        "/readyz": {"get": _health("check_system", "Whether the system can work", 200, 503)},
        "/metrics": {"get": _metrics()},
    }
    for path, operations in described.items():
        examples.add_documented(f"GET {path}", operations["get"])
    return described | {"/{slug}": {"parameters": [slug], "get": _visit(), "post": _unlock()}}


def _health(name: str, summary: str, *statuses: int) -> dict[str, Any]:
    responses = {str(status): response(HTTPStatus(status).phrase, ANYTHING) for status in statuses}
    return PUBLIC | {"operationId": name, "summary": summary, "tags": ["health"], "responses": responses}


def _metrics() -> dict[str, Any]:
    text = {
        "description": "Prometheus's text format, or OpenMetrics",
        "content": {"text/plain": TEXT, OPENMETRICS: TEXT},
    }
    return PUBLIC | {
        "operationId": "read_metrics",
        "summary": "Counters and gauges of the system",
        "tags": ["health"],
        "responses": {"200": text},
    }


def _visit() -> dict[str, Any]:
    texts = {
        "operationId": "follow_link",
        "summary": "Follow a short link",
        "description": "With `+` after the slug, the answer is a page that shows where the link leads.",
    }
    return texts | _visit_responses(302)


def _unlock() -> dict[str, Any]:
    form = {"type": "object", "properties": {"password": {"type": "string"}}}
    body = {"content": {"application/x-www-form-urlencoded": {"schema": form}}}
    texts = {"operationId": "unlock_link", "summary": "Enter the password of a short link"}
    return texts | {"requestBody": body} | _visit_responses(303)


def _visit_responses(status: int) -> dict[str, Any]:
    content = {"text/html": TEXT, PROBLEM: {"schema": schema_ref("Problem")}}
    responses: dict[str, Any] = {}
    for code, description in VISIT_RESPONSES.items():
        responses[code] = {"description": description, "content": content}
    responses[str(status)] = {"description": "Redirect to the destination"}
    return PUBLIC | {"tags": ["short links"], "responses": responses}
