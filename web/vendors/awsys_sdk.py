"""AWSYS's SDKs (`awsysco` on PyPI): `POST /api/v1/bulk`, and `POST /api/v1/links` for one link."""

from typing import Any

from models.accounts.keys import Owner
from models.jobs.items import LinkedItem
from producer.documents.times import iso_time
from web.vendors import awsys, examples, single
from web.vendors.json_schema import (
    ANYTHING,
    BOOLEAN,
    DATE_TIME,
    INTEGER,
    INTEGER_OR_NULL,
    TEXT,
    TEXT_OR_NULL,
    array_of,
    json_object,
)
from web.vendors.vendor import (
    FailedCall,
    FinishedCall,
    ItemFields,
    JobCall,
    LinkFields,
    Vendor,
    VendorRequest,
    has_link,
    read_list,
    translate_link,
)

FIELDS = LinkFields(names={"url": ("url",)} | awsys.NAMES, without_effect=awsys.WITHOUT_EFFECT, refusals=awsys.REFUSALS)


def parse_bulk_request(body: Any, owner: Owner) -> VendorRequest:
    return VendorRequest([parse_link(link) for link in read_list(body, "urls")])


def parse_single_request(body: Any, owner: Owner) -> VendorRequest:
    return VendorRequest([parse_link(body)])


def parse_link(link: Any) -> ItemFields:
    """Translate a link. Unlike in AWSYS's other calls the URL is not encoded."""
    return translate_link(link, FIELDS)


def build_bulk_answer(call: FinishedCall) -> Any:
    pairs = zip(call.request.items, call.read_linked_items(), strict=True)
    results = [build_result(call, item, result) for item, result in pairs]
    created = sum(result["success"] for result in results)
    summary = {"total": len(results), "created": created, "failed": len(results) - created}
    return {"success": True, "summary": summary, "results": results}


def build_result(call: FinishedCall, item: ItemFields, result: LinkedItem) -> dict[str, Any]:
    url = item.get("url")
    destination = {"url": url, "long": url if isinstance(url, str) else None}
    if not has_link(result):
        return destination | {"success": False, "error": result.error_code, "message": result.error_message}
    return destination | {"success": True, "shortCode": result.slug, "shortUrl": call.short_url(result.slug)}


def build_single_answer(call: FinishedCall) -> Any:
    result = call.read_linked_items()[0]
    if not has_link(result):
        raise single.error_of(result)
    link = {
        "expiresAt": iso_time(result.expires_at),
        "maxClicks": result.max_clicks,
        "created": iso_time(result.created_at),
        "fullPath": None,
        "namespace": None,
    }
    return build_result(call, call.request.items[0], result) | link | UNSUPPORTED


# The SDK's model of a link has these fields, which ours lacks.
UNSUPPORTED: dict[str, Any] = {"expireFallbackUrl": None, "trustScore": None, "trustStatus": None, "threats": []}


def build_error(call: FailedCall) -> tuple[int, Any]:
    status, body = awsys.build_error(call)
    return status, body | {"error": True}


LINK = json_object({"url": TEXT}, awsys.COMMON_FIELDS | {"slug": TEXT, "expiresAt": DATE_TIME})
RESULT = json_object({"url": ANYTHING, "long": TEXT_OR_NULL, "success": BOOLEAN})
SUMMARY = json_object({"total": INTEGER, "created": INTEGER, "failed": INTEGER})
CREATED_LINK = json_object(
    {"url": TEXT, "success": BOOLEAN, "shortCode": TEXT, "shortUrl": TEXT, "created": DATE_TIME},
    {"expiresAt": TEXT_OR_NULL, "maxClicks": INTEGER_OR_NULL},
)
EXAMPLES = examples.load("awsys_sdk")

VENDOR = Vendor(
    name="awsys_sdk",
    title="AWSYS SDK",
    fields=FIELDS,
    batch_limit=1_000,
    build_error=build_error,
    calls=(
        JobCall(
            path="/api/v1/bulk",
            action="bulk create",
            parse_request=parse_bulk_request,
            build_answer=build_bulk_answer,
            request_schema=json_object({"urls": array_of(LINK)}),
            answer_schema=json_object({"success": BOOLEAN, "summary": SUMMARY, "results": array_of(RESULT)}),
            examples=EXAMPLES["/api/v1/bulk"],
        ),
        JobCall(
            path="/api/v1/links",
            action="create",
            parse_request=parse_single_request,
            build_answer=build_single_answer,
            request_schema=LINK,
            answer_schema=CREATED_LINK,
            examples=EXAMPLES["/api/v1/links"],
            status=201,
        ),
    ),
)
