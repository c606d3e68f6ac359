"""What is no part of the native API: vendors' calls, short links, and how the system is."""

from http import HTTPStatus
from typing import Any

from web.openapi import examples, vendors
from web.openapi.parts import BEARER, JSON, PROBLEM, TEXT, answer, of
from web.vendors import VENDORS
from web.vendors.vendor import Vendor

ANYTHING: dict[str, Any] = {}
KEYS: dict[str, list[dict[str, list[str]]]] = {
    "dub": BEARER,
    "short_io": [{"bare": []}],
    "rebrandly": [{"apikey": []}],
    "url_shortify": [{"consumer": []}],
}
OPEN = "application/openmetrics-text"
SLUG = {"in": "path", "name": "slug", "required": True} | TEXT
VISITS = {"200": "where it leads", "401": "a form for the password", "4XX": "unknown, or over", "503": "try again"}


def paths() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for path in dict.fromkeys(path for vendor in VENDORS for path in vendor.paths):
        sharing = [vendor for vendor in VENDORS if path in vendor.paths]
        found[path] = {method.lower(): _bulk(sharing, path) for method in sharing[0].methods}
    found |= {path: {"get": _of_vendors([vendor], path, 200)} for vendor in VENDORS for path in vendor.reads}
    found["/healthz"] = {"get": _health("Whether the process is up", 200)}
    found["/readyz"] = {"get": _health("Whether the system can work", 200, 503)}
    found["/metrics"] = {"get": _metrics()}
    for path, method in ((path, method) for path, operations in found.items() for method in operations):
        examples.add(f"{method.upper()} {path}", found[path][method])
    return found | {"/{slug}": {"parameters": [SLUG], "get": _visit(), "post": _unlock()}}


def _bulk(sharing: list[Vendor], path: str) -> dict[str, Any]:
    made = _of_vendors(sharing, path, sharing[0].status)
    made["responses"]["202"] = answer("the job, for `Prefer: respond-async`", of("Job"))
    return made | {"requestBody": {"required": True, "content": {JSON: {"schema": vendors.ASKED[path]}}}}


def _of_vendors(sharing: list[Vendor], path: str, status: int) -> dict[str, Any]:
    """In a vendor's own shapes, of errors too: its own documentation tells them."""
    names = " or ".join(vendor.name for vendor in sharing)
    answers = {"4XX": "the vendor's error", "503": "try again"}
    answers["504"] = "the links are still being made: the same request again waits on"
    made = answer(HTTPStatus(status).phrase, vendors.ANSWERED[path])
    return {
        "summary": f"As {names} has it",
        "tags": ["vendors"],
        "security": [key for vendor in sharing for key in KEYS.get(vendor.name, BEARER)],
        "responses": {str(status): made} | {code: answer(text, ANYTHING) for code, text in answers.items()},
    }


def _health(summary: str, *statuses: int) -> dict[str, Any]:
    responses = {str(status): answer(HTTPStatus(status).phrase, ANYTHING) for status in statuses}
    return {"summary": summary, "tags": ["health"], "responses": responses}


def _metrics() -> dict[str, Any]:
    described = {"description": "Prometheus's text format, or OpenMetrics", "content": {"text/plain": TEXT, OPEN: TEXT}}
    return {"summary": "What was done and what waits", "tags": ["health"], "responses": {"200": described}}


def _visit() -> dict[str, Any]:
    return {"summary": "Follow a short link, or with + behind it see where it leads"} | _visited(302)


def _unlock() -> dict[str, Any]:
    form = {"type": "object", "properties": {"password": {"type": "string"}}}
    body = {"content": {"application/x-www-form-urlencoded": {"schema": form}}}
    return {"summary": "Give its password", "requestBody": body} | _visited(303)


def _visited(status: int) -> dict[str, Any]:
    content = {"text/html": TEXT, PROBLEM: {"schema": of("Problem")}}
    responses: dict[str, Any] = {code: {"description": text, "content": content} for code, text in VISITS.items()}
    responses[str(status)] = {"description": "to where it leads"}
    return {"tags": ["short links"], "responses": responses}
