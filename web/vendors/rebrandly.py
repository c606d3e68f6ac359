"""Rebrandly: `PUT /v1/links/bulk`, many links to one destination in one call."""

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
from models.jobs.items import ItemResult
from models.links import links
from producer.fields import item_fields
from producer.fields.item_rules import LARGEST_INTEGER, InvalidValue, expiry_after
from web.auth import authenticate_header
from web.vendors import examples, reasons
from web.vendors.json_schema import BOOLEAN, INTEGER, INTEGER_OR_NULL, TEXT, array_of, json_object
from web.vendors.security import SecurityScheme
from web.vendors.vendor import (
    FailedCall,
    FinishedCall,
    ItemFields,
    JobCall,
    LinkFields,
    Vendor,
    VendorRequest,
    find_refusal,
)

FIELDS = LinkFields(
    names={"url": ("destination",), "slug": ("slashtag",), "title": ("title",)},
    special=("domainId", "count", "ttl"),
    without_effect={
        "description": "A note for the team, which no visitor sees.",
        "favourite": "A mark for the team, which no visitor sees.",
    },
    refusals={"forwardParameters": reasons.NO_FORWARDING},
)
MIN_TTL = 3600
MAX_COUNT = 50_000
MIN_SLUG_LENGTH = 5  # Rebrandly's automatic slashtags start with this length


class Lifetime(NamedTuple):
    """How long the links of a call live."""

    ttl: int
    """Seconds; 0: forever."""
    expires_at: int | None
    """Seconds since 1970; None: never."""
    capped_ttl: int | None
    """The ttl that the request asked for, where the plan allows less."""


def authenticate() -> Owner:
    """Authenticate by the key. The workspace header is optional, but must not name another workspace."""
    owner = authenticate_header("apikey")
    workspace = request.headers.get("workspace", "").strip()
    if workspace and workspace != str(owner.workspace_id):
        raise Forbidden("workspace: This apikey belongs to another workspace.")
    return owner


def parse_request(body: Any, owner: Owner) -> VendorRequest:
    if not isinstance(body, dict):
        raise invalid_property("body", "The body must be a Link object.")
    problem = find_refusal(body, FIELDS)
    if problem:
        raise invalid_property(problem.partition(" ")[0], problem)
    count = _parse_integer(body, "count", 1)
    fields = _parse_texts(body)
    if count is None:
        raise invalid_property("count", "This property is required.")
    # An empty text counts as absent, so the destination may be missing although the body has the property.
    if "url" not in fields:
        raise invalid_property("destination", "This property is required.")
    if "slug" in fields and count != 1:
        raise invalid_property("slashtag", "Several links cannot share a slashtag. Leave it out, or set count to 1.")
    domain = body.get("domainId")
    if not isinstance(domain, str) or not domain.strip():
        raise invalid_property("domainId", "This property is required. It must be the id of the domain, as text.")
    ttl = _parse_integer(body, "ttl", MIN_TTL)
    lifetime = _lifetime(ttl, plans.of(owner.plan).longest_ttl)
    if lifetime.expires_at:
        fields["expires_at"] = expiry_after(datetime.fromtimestamp(lifetime.expires_at, UTC), 0)
    return VendorRequest([fields], count, domain.strip(), slug_length=MIN_SLUG_LENGTH, context=lifetime)


def invalid_property(name: str, message: str) -> Invalid:
    return Invalid(f"{name}: {message}", [field_error(message, name)])


def _parse_integer(body: dict[str, Any], name: str, minimum: int) -> int | None:
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value < minimum:
        raise invalid_property(name, f"This must be a whole number, {minimum:,} or more.")
    return value


def _parse_texts(body: dict[str, Any]) -> ItemFields:
    """Check the texts here: no link exists without them, and Rebrandly's answers have no errors of single links."""
    fields: ItemFields = {}
    for field_name, (name,) in FIELDS.names.items():
        value = body.get(name)
        if value is None or value == "":
            continue
        if not isinstance(value, str):
            raise invalid_property(name, "This must be text.")
        try:
            item_fields.BY_NAME[field_name].rule(value)
        except InvalidValue as refusal:
            raise invalid_property(name, str(refusal)) from None
        fields[field_name] = value
    return fields


def _lifetime(ttl: int | None, longest_ttl: int) -> Lifetime:
    """Decide the expiry once for all links of a call: each shard would compute another one."""
    if not ttl and not longest_ttl:
        return Lifetime(0, None, None)
    longest = longest_ttl or LARGEST_INTEGER
    applied = min(ttl or longest, longest)
    capped_ttl = ttl if ttl and ttl > applied else None
    return Lifetime(applied, int(time.time()) + applied, capped_ttl)


def build_answer(call: FinishedCall) -> Any:
    job = call.job
    lifetime: Lifetime = call.request.context
    with store.read() as db:
        created = items.links_of(db, job.id)
        # An hourly limit may leave room for some of the links only: then those are the answer.
        failure = items.first_failure(db, job.id)
        if failure and not created:
            raise error_of(failure)
        first_link = links.get(db, job.domain_id, created[0].slug)
    expires_at = lifetime.expires_at
    if first_link and first_link.expires_at:
        expires_at = int(first_link.expires_at.timestamp())
    common = {
        "destination": call.request.items[0]["url"],
        "ttl": lifetime.ttl or None,
        "expiresAt": expires_at,
        "ttlCapped": build_ttl_cap(lifetime),
    }
    # Rebrandly's short URLs have no scheme.
    host = call.base_url.partition("://")[2]
    answer: dict[str, Any] = {"links": [], "count": len(created)}
    for link in created:
        own = {"id": call.link_id(link), "shortUrl": f"{host}/{link.slug}", "slashtag": link.slug}
        answer["links"].append(own | common)
    if lifetime.capped_ttl:
        answer["ttlCapped"] = True
    if failure:
        answer |= {"requested": call.request.count, "reason": failure.error_message}
    return answer


def build_ttl_cap(lifetime: Lifetime) -> dict[str, Any] | None:
    if not lifetime.capped_ttl:
        return None
    return {
        "requestedValue": lifetime.capped_ttl,
        "appliedValue": lifetime.ttl,
        "reason": "plan_max_exceeded",
    }


def error_of(result: ItemResult) -> LinkmillError:
    """Return the first item's failure as the failure of the whole request."""
    message = result.error_message
    code = result.error_code or ""
    if code == "LIMIT_REACHED":
        return OverLimit(message)
    if code == "INTERNAL":
        return LinkmillError(message)
    error: LinkmillError = Conflict(message or "") if code in TAKEN_CODES else Invalid(message or "")
    error.code = code
    return error


TAKEN_CODES = ("SLUG_TAKEN", "RESERVED_SLUG")


def build_error(call: FailedCall) -> tuple[int, Any]:
    # Rebrandly documents 403 for conflicts and for malformed requests.
    if call.status == 409:
        return 403, _build_property_error("AlreadyExists", "Already exists", call)
    if call.status in MALFORMED_STATUSES:
        return 403, _build_property_error("InvalidFormat", "Invalid format", call)
    code = HTTPStatus(call.status).phrase.replace(" ", "")
    return call.status, {"code": code, "message": call.message, "source": "link"}


MALFORMED_STATUSES = (400, 404, 413, 415, 422)


def _build_property_error(code: str, title: str, call: FailedCall) -> dict[str, Any]:
    """Rebrandly's errors name the property at fault twice: at the top and in a list."""
    name = _property_at_fault(call)
    message = call.message if call.message.startswith(f"{name}:") else f"{name}: {call.message}"
    error = {"code": code, "property": name, "message": f"{title}: {message}"}
    return error | {"source": "link", "errors": [error]}


def _property_at_fault(call: FailedCall) -> str:
    errors = getattr(call.error, "errors", None)
    if not errors:
        return PROPERTIES.get(call.code, "body")
    pointer: str = errors[0]["pointer"]
    return PROPERTIES.get(pointer, pointer.removeprefix("/"))


# The property that an error is about, by the pointer or the code of our own error.
PROPERTIES = {
    "/domain": "domainId",
    "INVALID_URL": "destination",
    "BLOCKED_URL": "destination",
    "SLUG_TAKEN": "slashtag",
    "RESERVED_SLUG": "slashtag",
    "TOO_MANY_LINKS": "count",
}


REQUEST = json_object(
    {"destination": TEXT, "domainId": TEXT, "count": INTEGER | {"minimum": 1, "maximum": MAX_COUNT}},
    {"ttl": INTEGER | {"minimum": MIN_TTL}, "slashtag": TEXT, "title": TEXT},
)
CREATED_LINK = json_object(
    {
        "id": TEXT,
        "shortUrl": TEXT,
        "slashtag": TEXT,
        "destination": TEXT,
        "ttl": INTEGER_OR_NULL,
        "expiresAt": INTEGER_OR_NULL,
    },
    {"ttlCapped": {"type": ["object", "null"]}},
)
PARTIAL = {
    "ttlCapped": BOOLEAN,
    "requested": INTEGER | {"description": "How many links the request asked for, when some of them failed"},
    "reason": TEXT | {"description": "Why those links failed"},
}
API_KEY = {"type": "apiKey", "in": "header", "name": "apikey", "description": "The token alone"}

VENDOR = Vendor(
    name="rebrandly",
    title="Rebrandly",
    fields=FIELDS,
    batch_limit=MAX_COUNT,
    build_error=build_error,
    authenticate=authenticate,
    security_scheme=SecurityScheme("apikey", API_KEY),
    calls=(
        JobCall(
            path="/v1/links/bulk",
            action="bulk create",
            methods=("PUT", "POST"),
            parse_request=parse_request,
            build_answer=build_answer,
            request_schema=REQUEST,
            answer_schema=json_object({"links": array_of(CREATED_LINK), "count": INTEGER}, PARTIAL),
            examples=examples.load("rebrandly")["/v1/links/bulk"],
        ),
    ),
)
