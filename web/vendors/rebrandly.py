"""Rebrandly: `/v1/links/bulk`, many links to one destination in one call."""

import time
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, NamedTuple

from flask import request

from models import store
from models.accounts import plans
from models.accounts.keys import Owner
from models.errors import Conflict, Forbidden, Invalid, LinkmillError, OverLimit, field_error
from models.jobs import items
from models.link_key import LinkKey, format_link_id
from models.links import links
from producer.fields import item_fields
from producer.fields.item_rules import LARGEST_INTEGER, InvalidValue, expiry_after
from web.auth import by_header
from web.vendors.vendor import Asked, Finished, Refusal, Row, Vendor

LEAST_TTL = 3600
SLUG_LENGTH = 5  # as short as theirs
TEXTS = {"destination": "url", "slashtag": "slug", "title": "title"}
"""Rebrandly's text fields, and what we call them."""

PROPERTY = {
    "/domain": "domainId",
    "INVALID_URL": "destination",
    "BLOCKED_URL": "destination",
    "SLUG_TAKEN": "slashtag",
    "RESERVED_SLUG": "slashtag",
    "TOO_MANY_LINKS": "count",
}
"""The property that a pointer or an error of ours is about."""

TAKEN = ("SLUG_TAKEN", "RESERVED_SLUG")
MALFORMED = (400, 404, 413, 415, 422)


class Life(NamedTuple):
    """How long the links live; 0 and None: for ever, where a plan has no longest ttl."""

    ttl: int
    expires: int | None
    requested: int | None
    """The ttl that was asked for, where the plan has cut it."""


def authenticate() -> Owner:
    """By the token; a workspace that is named must be the token's own."""
    owner = by_header("apikey")
    workspace = request.headers.get("workspace", "").strip()
    if workspace and workspace != str(owner.workspace_id):
        raise Forbidden("workspace: this apikey is not one of that workspace")
    return owner


def load(body: Any, owner: Owner) -> Asked:
    if not isinstance(body, dict):
        raise wrong("body", "a Link object is expected")
    count = _whole(body, "count", 1)
    row = _texts(body)
    if count is None or "url" not in row:
        raise wrong("destination" if count else "count", "it is required")
    if "slug" in row and count != 1:
        raise wrong("slashtag", "many links cannot share one: leave it out, or ask for a count of 1")
    domain = body.get("domainId")
    if not isinstance(domain, str) or not domain.strip():
        raise wrong("domainId", "it is required: the id of the domain, as text")
    life = _life(_whole(body, "ttl", LEAST_TTL), plans.of(owner.plan).longest_ttl)
    if life.expires:
        row["expires_at"] = expiry_after(datetime.fromtimestamp(life.expires, UTC), 0)
    return Asked([row], count, domain.strip(), slug_length=SLUG_LENGTH, note=life)


def wrong(name: str, message: str) -> Invalid:
    """A field that is not as it should be."""
    return Invalid(f"{name}: {message}", [field_error(message, name)])


def _whole(body: dict[str, Any], name: str, least: int) -> int | None:
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise wrong(name, f"a whole number, {least:,} or more")
    return value


def _texts(body: dict[str, Any]) -> Row:
    given = {name: body[name] for name in TEXTS if body.get(name) not in (None, "")}
    for name, value in given.items():
        try:
            item_fields.BY_NAME[TEXTS[name]].rule(value if isinstance(value, str) else _refuse("it is a text"))
        except InvalidValue as refused:
            raise wrong(name, str(refused)) from None
    return {TEXTS[name]: value for name, value in given.items()}


def _refuse(message: str) -> str:
    raise InvalidValue(message)


def _life(asked: int | None, longest: int) -> Life:
    """Told once for all links of a call, so that every shard of it has the same."""
    ttl = min(asked or longest or LARGEST_INTEGER, longest or LARGEST_INTEGER)
    if not asked and not longest:
        return Life(0, None, None)
    return Life(ttl, int(time.time()) + ttl, asked if asked and asked > ttl else None)


def dump(finished: Finished) -> Any:
    job, life = finished.job, finished.asked.note
    with store.read() as db:
        made = items.links_of(db, job.id)
        link = links.get(db, job.domain_id, made[0][0]) if made else None
        if not made:
            raise failure(items.in_range(db, job.id, 0, 1)[0])
    host = finished.base.partition("://")[2]
    expires = int(link.expires_at.timestamp()) if link and link.expires_at else life.expires
    same = {"destination": finished.asked.rows[0]["url"], "ttl": life.ttl or None, "expiresAt": expires}
    same["ttlCapped"] = life.requested and capped(life)
    shown = [
        {
            "id": format_link_id(LinkKey(job.domain_id, slug, generation)),
            "shortUrl": f"{host}/{slug}",
            "slashtag": slug,
            **same,
        }
        for slug, generation in made
    ]
    return {"links": shown, "count": len(shown)} | ({"ttlCapped": True} if life.requested else {})


def capped(life: Life) -> dict[str, Any]:
    return {"requestedValue": life.requested, "appliedValue": life.ttl, "reason": "plan_max_exceeded"}


def failure(found: Any) -> LinkmillError:
    """Why there is no link at all: there are no errors of single links in Rebrandly's answers."""
    _, _, _, _, code, message = found
    if code in ("LIMIT_REACHED", "INTERNAL"):
        return OverLimit(message) if code == "LIMIT_REACHED" else LinkmillError(message)
    error: LinkmillError = (Conflict if code in TAKEN else Invalid)(message)
    error.code = code
    return error


def refuse(refusal: Refusal) -> tuple[int, Any]:
    if refusal.status == 409:
        return 403, _about("AlreadyExists", "Already exists", refusal)
    if refusal.status in MALFORMED:
        return 403, _about("InvalidFormat", "Invalid format", refusal)
    code = HTTPStatus(refusal.status).phrase.replace(" ", "")
    return refusal.status, {"code": code, "message": refusal.message, "source": "link"}


def _about(code: str, title: str, refusal: Refusal) -> dict[str, Any]:
    """As Rebrandly has it: the property at fault at the top, and in a list of errors with one."""
    fields = getattr(refusal.error, "errors", None)
    pointer = fields[0]["pointer"] if fields else refusal.code
    name = PROPERTY.get(pointer, pointer.removeprefix("/") if fields else "body")
    message = refusal.message if refusal.message.startswith(f"{name}:") else f"{name}: {refusal.message}"
    fault = {"code": code, "property": name, "message": f"{title}: {message}"}
    return fault | {"source": "link", "errors": [fault]}


VENDORS = (Vendor("rebrandly", ("/v1/links/bulk",), authenticate, load, dump, refuse, methods=("PUT", "POST")),)
