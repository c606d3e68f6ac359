"""AWSYS: `POST /api/bulk`, as its guide and as its reference describe it, and `POST /api/createShort`."""

import base64
import binascii
from typing import Any

from flask import request

from models.accounts.keys import Owner
from models.jobs.items import ItemResult
from web.vendors import examples, reasons, single
from web.vendors.json_schema import DATE_TIME, INTEGER, TEXT, any_of, array_of, json_object
from web.vendors.vendor import (
    FailedCall,
    FinishedCall,
    ItemFields,
    JobCall,
    LinkFields,
    Refusal,
    Vendor,
    VendorRequest,
    has_link,
    is_rejected,
    read_list,
    reject,
    translate_link,
)

# AWSYS's guide and its reference spell some fields differently.
NAMES = {
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
WITHOUT_EFFECT = {"folderId": reasons.FOLDER}
REFUSALS = {
    "geoRestriction": Refusal("Linkmill does not block visitors by country."),
    "routingRules": reasons.ONE_DESTINATION,
    "expireFallbackUrl": reasons.NO_EXPIRED_URL,
    "linkType": Refusal("Linkmill has one type of link."),
    "ogMeta": reasons.NO_PREVIEW,
    "passAdClickIds": reasons.NO_FORWARDING,
}
FIELDS = LinkFields(names=NAMES, special=("long",), without_effect=WITHOUT_EFFECT, refusals=REFUSALS)


def parse_bulk_request(body: Any, owner: Owner) -> VendorRequest:
    return VendorRequest([parse_link(link) for link in read_list(body, "links")])


def parse_single_request(body: Any, owner: Owner) -> VendorRequest:
    return VendorRequest([parse_link(body)])


def parse_link(link: Any) -> ItemFields:
    fields = translate_link(link, FIELDS)
    if is_rejected(fields):
        return fields
    long = link.get("long")
    if not isinstance(long, str) or not long:
        return reject(fields, "INVALID_URL", "long is missing. It must be the destination URL, Base64-encoded.")
    try:
        return fields | {"url": decode_url(long)}
    except ValueError:
        return reject(fields | {"url": long}, "INVALID_URL", "long is not a Base64-encoded URL.")


def decode_url(text: str) -> str:
    """Decode Base64 in either alphabet, with or without padding, wrapped or not: clients send all of these."""
    compact = "".join(text.split()).rstrip("=").translate(STANDARD_ALPHABET)
    padding = "=" * (-len(compact) % 4)
    try:
        return base64.b64decode(compact + padding, validate=True).decode().strip()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ValueError(str(error)) from None


STANDARD_ALPHABET = str.maketrans("-_", "+/")


def build_bulk_answer(call: FinishedCall) -> Any:
    links = [build_link(call, result) for result in call.read_results()]
    if request.args.get("shape") == "array":
        return links
    created = sum("error" not in link for link in links)
    return {"created": created, "links": links}


def build_single_answer(call: FinishedCall) -> Any:
    result = call.read_results()[0]
    if not has_link(result):
        raise single.error_of(result)
    return build_link(call, result)


def build_link(call: FinishedCall, result: ItemResult) -> dict[str, Any]:
    if has_link(result):
        return {"shortUrl": result.slug, "url": call.short_url(result.slug)}
    return {"error": result.error_code, "message": result.error_message}


def build_error(call: FailedCall) -> tuple[int, Any]:
    # AWSYS's clients know one status for everything that is wrong with a request.
    status = 400 if call.status in (413, 415, 422) else call.status
    code = ERROR_CODES.get(call.code, call.code)
    return status, {"error": code, "code": code, "message": call.message}


ERROR_CODES = {"UNAUTHORIZED": "INVALID_TOKEN"}


COMMON_FIELDS = {"title": TEXT, "password": TEXT, "tags": array_of(TEXT), "maxClicks": INTEGER}
LINK = json_object(
    {"long": TEXT | {"description": "The destination URL, Base64-encoded"}},
    COMMON_FIELDS | {"customSlug": TEXT, "slug": TEXT, "expiry": DATE_TIME, "expiresAt": DATE_TIME},
)
CREATED_LINK = json_object({"shortUrl": TEXT | {"description": "The slug"}, "url": TEXT})
RESULTS = array_of(any_of(CREATED_LINK, json_object({"error": TEXT, "message": TEXT})))
EXAMPLES = examples.load("awsys")

VENDOR = Vendor(
    name="awsys",
    title="AWSYS",
    fields=FIELDS,
    batch_limit=1_000,
    build_error=build_error,
    calls=(
        JobCall(
            path="/api/bulk",
            action="bulk create",
            parse_request=parse_bulk_request,
            build_answer=build_bulk_answer,
            request_schema=json_object({"links": array_of(LINK)}),
            answer_schema=any_of(json_object({"created": INTEGER, "links": RESULTS}), RESULTS),
            examples=EXAMPLES["/api/bulk"],
        ),
        JobCall(
            path="/api/createShort",
            action="create",
            parse_request=parse_single_request,
            build_answer=build_single_answer,
            request_schema=LINK,
            answer_schema=CREATED_LINK,
            examples=EXAMPLES["/api/createShort"],
        ),
    ),
)
