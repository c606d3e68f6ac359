"""AWSYS: `/api/bulk`, as its guide and as its reference have it, and `/api/createShort` for one link."""

import base64
import binascii
from typing import Any

from flask import request

from models.accounts.keys import Owner
from models.errors import Conflict, Invalid, LinkmillError, OverLimit
from models.jobs.items import ItemResult, LinkedItem
from models.jobs.states import ItemStatus
from web.auth import by_bearer
from web.vendors.vendor import Asked, Finished, Refusal, Row, Vendor, refused, renamed

SPELLINGS = {
    "slug": ("customSlug", "slug"),
    "expires_at": ("expiry", "expiresAt"),
    "max_clicks": ("maxClicks",),
    "title": ("title",),
    "password": ("password",),
    "tags": ("tags",),
    "utm_source": ("utm_source", "utmSource"),
    "utm_medium": ("utm_medium", "utmMedium"),
    "utm_campaign": ("utm_campaign", "utmCampaign"),
    "utm_term": ("utm_term", "utmTerm"),
    "utm_content": ("utm_content", "utmContent"),
}
"""Our field, and what AWSYS calls it: its guide and its reference do not agree."""

PLAIN = str.maketrans("-_", "+/")
CODES = {"UNAUTHORIZED": "INVALID_TOKEN"}
MADE = (ItemStatus.CREATED, ItemStatus.EXISTING)
KINDS: dict[str, type[LinkmillError]] = {
    "SLUG_TAKEN": Conflict,
    "RESERVED_SLUG": Conflict,
    "LIMIT_REACHED": OverLimit,
    "INTERNAL": LinkmillError,
}


def load_bulk(body: Any, owner: Owner) -> Asked:
    links = body.get("links") if isinstance(body, dict) else None
    if not isinstance(links, list):
        raise Invalid("the body is an object with a list named links")
    return Asked([row(link) for link in links])


def load_one(body: Any, owner: Owner) -> Asked:
    return Asked([row(body)])


def row(link: Any) -> Row:
    if not isinstance(link, dict):
        return refused({}, "INVALID_TYPE", "a link is an object")
    found = renamed(link, SPELLINGS)
    long = link.get("long")
    if not isinstance(long, str) or not long:
        return refused(found, "INVALID_URL", "long is missing: the destination URL, Base64-encoded")
    try:
        return found | {"url": decoded(long)}
    except ValueError:
        return refused(found | {"url": long}, "INVALID_URL", "long is not a Base64-encoded URL")


def decoded(text: str) -> str:
    """Base64 in either alphabet, with its padding or without, and in lines as `base64` writes it."""
    plain = "".join(text.split()).rstrip("=").translate(PLAIN)
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True).decode().strip()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ValueError(str(error)) from None


def dump_bulk(finished: Finished) -> Any:
    links = [shape(finished, found) for found in finished.outcomes()]
    if request.args.get("shape") == "array":
        return links
    return {"created": sum("error" not in link for link in links), "links": links}


def shape(finished: Finished, found: ItemResult) -> dict[str, Any]:
    if found.status in MADE:
        return {"shortUrl": found.slug, "url": finished.short(found.slug)}
    return {"error": found.error_code, "message": found.error_message}


def dump_one(finished: Finished) -> Any:
    found = finished.outcomes()[0]
    if found.status not in MADE:
        raise failure(found)
    return shape(finished, found)


def failure(found: ItemResult | LinkedItem) -> LinkmillError:
    """An item's failure, where the item is all there is."""
    error = KINDS.get(found.error_code or "", Invalid)(found.error_message)
    error.code = found.error_code or ""
    return error


def refuse(refusal: Refusal) -> tuple[int, Any]:
    status = 400 if refusal.status in (413, 415, 422) else refusal.status
    code = CODES.get(refusal.code, refusal.code)
    return status, {"error": code, "code": code, "message": refusal.message}


VENDORS = (
    Vendor("awsys", ("/api/bulk",), by_bearer, load_bulk, dump_bulk, refuse),
    Vendor("awsys", ("/api/createShort",), by_bearer, load_one, dump_one, refuse, bulk=False),
)
