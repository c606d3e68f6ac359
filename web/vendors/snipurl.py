"""SnipURL: `/api/v1/links/bulk`, where links succeed and fail side by side."""

import uuid
from http import HTTPStatus
from typing import Any

from models.accounts.keys import Owner
from models.errors import Invalid
from models.jobs.items import LinkedItem
from models.jobs.states import ItemStatus
from producer.documents.times import iso_time
from web.auth import by_bearer
from web.vendors.vendor import Asked, Finished, Refusal, Row, Vendor, refused, renamed

SPELLINGS = {
    "url": ("url",),
    "slug": ("custom_alias",),
    "title": ("title",),
    "password": ("password",),
    "expires_at": ("expires_at",),
}
MESSAGES = {
    "SLUG_TAKEN": "Alias already taken",
    "RESERVED_SLUG": "Alias already taken",
    "INVALID_SLUG": "An alias has 1 to 64 of the characters A-Z a-z 0-9 _ -",
}
MALFORMED = (400, 413, 415, 422)
IDS = uuid.uuid5(uuid.NAMESPACE_DNS, "linkmill")


def load(body: Any, owner: Owner) -> Asked:
    found = body.get("links") if isinstance(body, dict) else None
    if not isinstance(found, list):
        raise Invalid("the body is an object with a list named links")
    return Asked([row(link) for link in found], fetch_titles=True)


def row(link: Any) -> Row:
    if not isinstance(link, dict):
        return refused({}, "INVALID_TYPE", "a link is an object")
    found = renamed(link, SPELLINGS)
    if not isinstance(found.get("slug", ""), str):
        return refused(found, "INVALID_TYPE", "custom_alias has a JSON value of the wrong type")
    return found


def dump(finished: Finished) -> Any:
    found = list(zip(finished.results(), finished.asked.rows, strict=True))
    made = [
        link(finished, result, asked)
        for result, asked in found
        if result.status in (ItemStatus.CREATED, ItemStatus.EXISTING)
    ]
    failed = [
        {"index": place, "error": MESSAGES.get(result.error_code or "", result.error_message)}
        for place, (result, _) in enumerate(found)
        if result.status not in (ItemStatus.CREATED, ItemStatus.EXISTING)
    ]
    return {"success": True, "data": {"success": made, "failed": failed}}


def link(finished: Finished, found: LinkedItem, asked: Row) -> dict[str, Any]:
    name = finished.link_id(found)
    return {
        "id": str(uuid.uuid5(IDS, name)),
        "short_code": found.slug,
        "short_url": finished.short(found.slug),
        "original_url": asked["url"],
        "title": found.title,
        "created_at": iso_time(found.created_at),
    }


def refuse(refusal: Refusal) -> tuple[int, Any]:
    if refusal.status in MALFORMED:
        return 400, _error("VALIDATION_ERROR", refusal.message)
    return refusal.status, _error(HTTPStatus(refusal.status).name, refusal.message)


def _error(code: str, message: str) -> dict[str, Any]:
    return {"success": False, "error": {"code": code, "message": message}}


VENDORS = (Vendor("snipurl", ("/api/v1/links/bulk",), by_bearer, load, dump, refuse, status=201, tells_limit=True),)
