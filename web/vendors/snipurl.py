"""SnipURL: `POST /api/v1/links/bulk`, whose answer lists successes and failures apart."""

import uuid
from http import HTTPStatus
from typing import Any

from models.accounts.keys import Owner
from models.jobs.items import LinkedItem
from producer.documents.times import iso_time
from web.vendors import examples
from web.vendors.json_schema import BOOLEAN, DATE_TIME, INTEGER, TEXT, TEXT_OR_NULL, array_of, json_object
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
    reject,
    translate_link,
)

FIELDS = LinkFields(
    names={
        "url": ("url",),
        "slug": ("custom_alias",),
        "title": ("title",),
        "password": ("password",),
        "expires_at": ("expires_at",),
    }
)


def parse_request(body: Any, owner: Owner) -> VendorRequest:
    return VendorRequest([parse_link(link) for link in read_list(body, "links")], fetch_titles=True)


def parse_link(link: Any) -> ItemFields:
    fields = translate_link(link, FIELDS)
    # The rules of items would say «slug», which SnipURL's clients do not know.
    if not isinstance(fields.get("slug", ""), str):
        return reject(fields, "INVALID_TYPE", "custom_alias must be text.")
    return fields


def build_answer(call: FinishedCall) -> Any:
    successes = []
    failures = []
    for index, (result, item) in enumerate(zip(call.read_linked_items(), call.request.items, strict=True)):
        if has_link(result):
            successes.append(build_link(call, result, item))
        else:
            message = ITEM_MESSAGES.get(result.error_code or "", result.error_message)
            failures.append({"index": index, "error": message})
    return {"success": True, "data": {"success": successes, "failed": failures}}


ITEM_MESSAGES = {
    "SLUG_TAKEN": "Alias already taken",
    "RESERVED_SLUG": "Alias already taken",
    "INVALID_SLUG": "An alias has 1 to 64 of the characters A-Z a-z 0-9 _ -",
}


def build_link(call: FinishedCall, result: LinkedItem, item: ItemFields) -> dict[str, Any]:
    link_id = call.link_id(result)
    return {
        # SnipURL's ids are UUIDs. This one is derived from ours, so a repeated answer has the same.
        "id": str(uuid.uuid5(ID_NAMESPACE, link_id)),
        "short_code": result.slug,
        "short_url": call.short_url(result.slug),
        "original_url": item["url"],
        "title": result.title,
        "created_at": iso_time(result.created_at),
    }


ID_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "linkmill")


def build_error(call: FailedCall) -> tuple[int, Any]:
    if call.status in MALFORMED_STATUSES:
        status, code = 400, "VALIDATION_ERROR"
    else:
        status, code = call.status, HTTPStatus(call.status).name
    return status, {"success": False, "error": {"code": code, "message": call.message}}


MALFORMED_STATUSES = (400, 413, 415, 422)


LINK = json_object({"url": TEXT}, {"custom_alias": TEXT, "title": TEXT, "password": TEXT, "expires_at": DATE_TIME})
CREATED_LINK = json_object(
    {
        "id": TEXT,
        "short_code": TEXT,
        "short_url": TEXT,
        "original_url": TEXT,
        "title": TEXT_OR_NULL,
        "created_at": DATE_TIME,
    }
)
FAILED_LINK = json_object({"index": INTEGER, "error": TEXT})
RESULTS = json_object({"success": array_of(CREATED_LINK), "failed": array_of(FAILED_LINK)})

VENDOR = Vendor(
    name="snipurl",
    title="SnipURL",
    fields=FIELDS,
    batch_limit=50,
    build_error=build_error,
    calls=(
        JobCall(
            path="/api/v1/links/bulk",
            action="bulk create",
            parse_request=parse_request,
            build_answer=build_answer,
            request_schema=json_object({"links": array_of(LINK)}),
            answer_schema=json_object({"success": BOOLEAN, "data": RESULTS}),
            examples=examples.load("snipurl")["/api/v1/links/bulk"],
            status=201,
            checks_quota=True,
        ),
    ),
)
