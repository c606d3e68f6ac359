"""Short.io: `/links/bulk`, an object in and an array out, as its tutorial for large numbers of links has them."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from models.accounts.keys import Owner
from models.errors import Invalid
from models.jobs.items import LinkedItem
from models.jobs.states import ItemStatus
from producer.documents.times import iso_time
from producer.fields.item_rules import stored_time
from web.auth import by_header
from web.vendors.vendor import Asked, Finished, Refusal, Row, Vendor, refused, renamed

SPELLINGS = {
    "url": ("originalURL",),
    "slug": ("path",),
    "title": ("title",),
    "tags": ("tags",),
    "expires_at": ("expiresAt", "ttl"),
    "password": ("password",),
    "max_clicks": ("clicksLimit",),
    "utm_source": ("utmSource",),
    "utm_medium": ("utmMedium",),
    "utm_campaign": ("utmCampaign",),
    "utm_term": ("utmTerm",),
    "utm_content": ("utmContent",),
}
STATUSES = {"SLUG_TAKEN": 409, "RESERVED_SLUG": 409, "LIMIT_REACHED": 402, "INTERNAL": 500}
MESSAGES = {"SLUG_TAKEN": "Link already exists", "RESERVED_SLUG": "Link already exists"}
LEAST_MOMENT = 100_000_000_000  # milliseconds since 1970: what is less is no moment of our time, but a mistake
SAME: dict[str, Any] = {"archived": False, "cloaking": False, "redirectType": None, "source": "api"}


def load(body: Any, owner: Owner) -> Asked:
    found = body.get("links") if isinstance(body, dict) else None
    if not isinstance(found, list):
        raise Invalid("body must be an object with an array named links")
    domain = body.get("domain")
    if not isinstance(domain, str | None):
        raise Invalid("body/domain must be a string")
    return Asked([row(link) for link in found], domain=domain, reuse=not body.get("allowDuplicates"))


def row(link: Any) -> Row:
    if not isinstance(link, dict):
        return refused({}, "INVALID_TYPE", "a link is an object")
    found = renamed(link, SPELLINGS)
    try:
        return found | ({"expires_at": _moment(found["expires_at"])} if "expires_at" in found else {})
    except (ValueError, OverflowError, OSError):
        return refused(found, "INVALID_EXPIRY", "expiresAt and ttl are moments: ISO 8601, or milliseconds since 1970")


def _moment(value: Any) -> Any:
    """Text is ours to judge as it is; a number counts milliseconds."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return value
    if value < LEAST_MOMENT:
        raise ValueError(value)
    return stored_time(datetime.fromtimestamp(value / 1000, UTC))


def dump(finished: Finished) -> Any:
    found = zip(finished.results(), finished.asked.rows, strict=True)
    return [
        shape(finished, result, asked) if result.status in (ItemStatus.CREATED, ItemStatus.EXISTING) else fault(result)
        for result, asked in found
    ]


def shape(finished: Finished, found: LinkedItem, asked: Row) -> dict[str, Any]:
    job, short = finished.job, finished.short(found.slug)
    name = finished.link_id(found)
    moment = iso_time(found.created_at or job.created_at)
    return SAME | {
        "id": name,
        "idString": name,
        "originalURL": found.url or asked["url"],
        "path": found.slug,
        "lcpath": (found.slug or "").lower(),
        "shortURL": short,
        "secureShortURL": short,
        "DomainId": job.domain_id,
        "OwnerId": job.workspace_id,
        "title": found.title,
        "tags": asked.get("tags", []),
        "expiresAt": iso_time(found.expires_at),
        "hasPassword": bool(asked.get("password")),
        "createdAt": moment,
        "updatedAt": moment,
        "duplicate": found.status == ItemStatus.EXISTING,
        "success": True,
    }


def fault(found: LinkedItem) -> dict[str, Any]:
    message = MESSAGES.get(found.error_code or "", found.error_message)
    return {"error": message, "status": STATUSES.get(found.error_code or "", 400), "success": False}


def refuse(refusal: Refusal) -> tuple[int, Any]:
    status = 400 if refusal.status in (413, 415, 422) else refusal.status
    body = {"error": HTTPStatus(status).phrase, "message": refusal.message, "statusCode": status, "success": False}
    return status, body


VENDORS = (Vendor("short_io", ("/links/bulk",), lambda: by_header("Authorization"), load, dump, refuse),)
