"""URL Shortify, the WordPress plugin: `/wp-json/url-shortify/v1/links/bulk`, and its groups."""

import math
from typing import Any

from flask import Response, request

from models import store
from models.accounts import workspaces
from models.accounts.keys import Owner
from models.errors import Invalid
from models.jobs.items import LinkedItem
from models.jobs.states import ItemStatus
from models.links import labels
from producer.fields.item_rules import LARGEST_INTEGER
from web.auth import by_consumer
from web.vendors.call import answered
from web.vendors.vendor import Asked, Finished, Refusal, Row, Vendor, refused, renamed

ROOT = "/wp-json/url-shortify/v1"
KEY, SECRET = "X-URL-SHORTIFY-CONSUMER-KEY", "X-URL-SHORTIFY-CONSUMER-SECRET"
SPELLINGS = {
    "url": ("url",),
    "slug": ("slug",),
    "title": ("title",),
    "group": ("group_id",),
    "tags": ("tags", "tag_ids"),
    "expires_at": ("expiration_date", "expires_at"),
}
MESSAGES = {"INVALID_URL": "Invalid URL.", "SLUG_TAKEN": "Slug already exist."}
CODES = {
    400: "rest_bad_request",
    401: "rest_unauthorized_request",
    403: "rest_forbidden_request",
    404: "rest_not_found",
    429: "rest_too_many_requests",
    503: "rest_unavailable",
    504: "rest_still_running",
}
UNKNOWN = {"group": "UNKNOWN_GROUP", "tags": "INVALID_TAGS"}
TABLES = {"group": labels.GROUPS, "tags": labels.TAGS}
PAGE = 100  # groups


def authenticate() -> Owner:
    """The pair of headers, or the same pair as HTTP Basic."""
    key, secret = (request.headers.get(name, "").strip() for name in (KEY, SECRET))
    if not (key and secret) and request.authorization and request.authorization.type == "basic":
        key, secret = request.authorization.username or "", request.authorization.password or ""
    return by_consumer(key, secret)


def most(owner: Owner) -> int | None:
    with store.read() as db:
        found: int | None = workspaces.get(db, owner.workspace_id).bulk_limit
    return found


def load(body: Any, owner: Owner) -> Asked:
    links = body.get("links") if isinstance(body, dict) else body
    if not isinstance(links, list):
        raise Invalid("the body is an object with a list named links")
    rows = [row(link) for link in links]
    with store.read() as db:
        for field, table in TABLES.items():
            ids = {one for found in rows for one in found.get(field, ()) if isinstance(one, int)}
            known = labels.names_by_id(db, table, owner.workspace_id, ids)
            rows = [named(found, field, known) for found in rows]
    return Asked(rows)


def row(link: Any) -> Row:
    if not isinstance(link, dict):
        return refused({}, "INVALID_TYPE", "Invalid link object.")
    found = renamed(link, SPELLINGS)
    return found | {field: list_of_ids(found[field]) for field in TABLES if field in found}


def list_of_ids(value: Any) -> list[int | str]:
    """What stands where ids should, as text where it is none; 0 is no label, as in the plugin."""
    given = value if isinstance(value, list) else [value] if value else []
    return [one if type(one) is int and 0 <= one <= LARGEST_INTEGER else str(one) for one in given if one != 0]


def named(row: Row, field: str, known: dict[int, str]) -> Row:
    """With names in place of ids: another's name may look like an id."""
    rest, ids = {name: value for name, value in row.items() if name != field}, row.get(field, [])
    if unknown := [one for one in ids if one not in known]:
        return refused(rest, UNKNOWN[field], f"There is no {field.removesuffix('s')} with the ID {unknown[0]}.")
    names = [known[one] for one in ids]
    return rest | ({field: names if field == "tags" else names[0]} if names else {})


def dump(finished: Finished) -> Any:
    pairs = zip(finished.asked.rows, finished.results(), strict=True)
    return {"success": True, "data": [shape(finished, sent.get("url", ""), found) for sent, found in pairs]}


def shape(finished: Finished, url: Any, found: LinkedItem) -> dict[str, Any]:
    if found.status in (ItemStatus.CREATED, ItemStatus.EXISTING):
        short = finished.short(found.slug)
        return {"original_url": url, "short_url": short, "slug": found.slug, "status": "created"}
    code = (found.error_code or "") if isinstance(url, str) else "INVALID_URL"
    message = MESSAGES.get(code, found.error_message)
    return {"original_url": url, "status": "error", "message": message}


def refuse(refusal: Refusal) -> tuple[int, Any]:
    status = 400 if refusal.status in (413, 415, 422) else refusal.status
    code = CODES.get(status, "rest_server_error")
    return status, {"success": False, "code": code, "message": refusal.message, "data": {"status": status}}


def groups(owner: Owner) -> Response:
    """The workspace's groups, by the page as WordPress counts pages."""
    number, length = (max(1, request.args.get(name, usual, int)) for name, usual in (("page", 1), ("per_page", PAGE)))
    length = min(length, PAGE)
    with store.read() as db:
        found = labels.page(db, labels.GROUPS, owner.workspace_id, 0, LARGEST_INTEGER)
    shown = [{"id": row.id, "name": row.name} for row in found[(number - 1) * length : number * length]]
    response = answered({"success": True, "data": shown}, 200)
    response.headers["X-WP-Total"] = str(len(found))
    response.headers["X-WP-TotalPages"] = str(math.ceil(len(found) / length))
    return response


VENDORS = (
    Vendor(
        "url_shortify",
        (f"{ROOT}/links/bulk",),
        authenticate,
        load,
        dump,
        refuse,
        status=201,
        most=most,
        reads={f"{ROOT}/groups": groups},
        challenge='Basic realm="URL Shortify REST API", charset="UTF-8"',
    ),
)
