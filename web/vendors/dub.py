"""Dub: `POST /links/bulk`, an array in and an array out, as the official `dub` packages send and read it."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

from flask import request

from models import settings
from models.accounts.domains import short_url
from models.accounts.keys import Owner
from models.errors import Invalid
from models.jobs.items import LinkedItem
from models.states import ItemStatus
from producer import random_slugs
from producer.documents import base_urls
from producer.documents.base_urls import BaseUrls
from producer.documents.times import iso_time
from producer.fields import item_rules
from producer.fields.item_fields import UTM
from producer.fields.wide_slugs import SlugKind
from producer.rules.judging import with_utm
from web.vendors import examples, reasons, tags
from web.vendors.json_schema import ANYTHING, INTEGER, TEXT, any_of, array_of, json_object
from web.vendors.vendor import (
    CreateCall,
    FailedCall,
    FinishedCall,
    ItemFields,
    LinkFields,
    Vendor,
    VendorRequest,
    is_rejected,
    reject,
    translate_link,
)

NAMES = {
    "url": ("url",),
    "slug": ("key",),
    "domain": ("domain",),
    "title": ("title",),
    "password": ("password",),
    "expires_at": ("expiresAt",),
    "external_id": ("externalId",),
    "tags": ("tagNames",),
    "comment": ("comments",),
} | {name: (name,) for name in UTM}
WITH_PROXY = "It shows in the preview that proxy asks for, which is refused."
PARTNERS = "It is for Dub's programs for partners."
TEST = "It says something about testVariants only, which is refused."
FIELDS = LinkFields(
    names=NAMES,
    special=("keyLength", "prefix", "ref", "tagId", "tagIds"),
    without_effect={
        "description": WITH_PROXY,
        "doIndex": "It is for search engines. Linkmill always answers noindex.",
        "folderId": reasons.FOLDER,
        "image": WITH_PROXY,
        "partnerId": PARTNERS,
        "programId": PARTNERS,
        "publicStats": "It publishes statistics. Those of Linkmill are never public.",
        "tenantId": "It only finds links in Dub's lists.",
        "testCompletedAt": TEST,
        "testStartedAt": TEST,
        "trackConversion": "It only counts sales.",
        "video": WITH_PROXY,
        "webhookIds": "Webhooks of Linkmill are about jobs, not about clicks.",
    },
    refusals={
        "android": reasons.ONE_DESTINATION,
        "geo": reasons.ONE_DESTINATION,
        "ios": reasons.ONE_DESTINATION,
        "testVariants": reasons.ONE_DESTINATION,
        "archived": reasons.NO_ARCHIVE,
        "expiredUrl": reasons.NO_EXPIRED_URL,
        "proxy": reasons.NO_PREVIEW,
        "rewrite": reasons.NO_FRAME,
    },
)

MAX_LOOKUPS = 100  # tags of more links than one call may have are not looked up


def sent_request() -> bool:
    """Tell Dub's clients from Short.io's, which send their key without a scheme."""
    return request.headers.get("Authorization", "").lower().startswith("bearer ")


def parse_request(body: Any, owner: Owner) -> VendorRequest:
    if not isinstance(body, list):
        raise Invalid("The body must be an array of links.")
    tag_ids = {tag_id for link in body[:MAX_LOOKUPS] if isinstance(link, dict) for tag_id in _tag_ids(link)}
    tag_names = tags.read_names(tag_ids, owner)
    items = [parse_link(link, tag_names) for link in body]
    random_slugs.fill(items, owner)
    return VendorRequest(items, slugs=SlugKind.WIDE, context=body)


def _tag_ids(link: dict[str, Any]) -> list[str]:
    values = _split_commas(link.get("tagIds") or link.get("tagId") or [])
    if not isinstance(values, list):
        return [""]  # no tag has this id, so the link fails
    return [str(value) for value in values]


def _split_commas(value: Any) -> Any:
    """Dub's clients send one name, several names between commas, or a list of names."""
    if not isinstance(value, str):
        return value
    return [name.strip() for name in value.split(",") if name.strip()]


def parse_link(link: Any, tag_names: dict[str, str]) -> ItemFields:
    fields = translate_link(link, FIELDS)
    if is_rejected(fields):
        return fields
    if "tags" in fields:
        fields["tags"] = _split_commas(fields["tags"])
    tag_ids = _tag_ids(link)
    unknown = [tag_id for tag_id in tag_ids if tag_id not in tag_names]
    if unknown:
        return reject(fields, "INVALID_TAGS", f"Invalid tagIds detected: {', '.join(unknown)}")
    if tag_ids:
        fields["tags"] = [tag_names[tag_id] for tag_id in tag_ids]
    return _add_key_pattern(_add_ref(fields, link.get("ref")), link)


def _add_ref(fields: ItemFields, ref: Any) -> ItemFields:
    """Put the referral tag into the URL, in place of one that it has."""
    url = fields.get("url")
    if ref is None or ref == "" or not isinstance(url, str):
        return fields
    if not isinstance(ref, str):
        return reject(fields, "INVALID_TYPE", "ref must be text.")
    try:
        return fields | {"url": with_utm(url, {"ref": item_rules.utm(ref)})}
    except item_rules.InvalidValue as problem:
        return reject(fields, "INVALID_UTM", f"ref: {problem}")


def _add_key_pattern(fields: ItemFields, link: dict[str, Any]) -> ItemFields:
    """Choose what the key looks like that will be drawn for a link without one."""
    prefix = link.get("prefix") or ""
    length = link.get("keyLength")
    if fields.get("slug") or (prefix == "" and length is None):
        return fields
    try:
        return fields | {"slug": random_slugs.parse_pattern(prefix, length)}
    except item_rules.InvalidValue as problem:
        return reject(fields, "INVALID_SLUG", f"prefix or keyLength: {problem}")


def build_answer(call: FinishedCall) -> Any:
    results = call.read_linked_items()
    tags_of_links = tags.read_tags(call, results)
    short_url_starts = base_urls.read(call.job, results)
    answer = []
    for result, item, link in zip(results, call.request.items, call.request.context, strict=True):
        if result.slug:  # also of a link that an external id found
            link_tags = tags_of_links.get(call.link_key(result), [])
            answer.append(build_link(call, result, item, link_tags) | build_address(result, short_url_starts))
        else:
            answer.append(build_failure(result, link))
    return answer


def build_address(result: LinkedItem, short_url_starts: BaseUrls) -> dict[str, str]:
    base_url = short_url_starts[result.domain_id]
    assert result.slug
    return {"domain": base_url.partition("://")[2], "shortLink": short_url(base_url, result.slug)}


def build_link(call: FinishedCall, result: LinkedItem, item: ItemFields, link_tags: list[Any]) -> dict[str, Any]:
    job = call.job
    url = result.url or item["url"]
    link_id = call.link_id(result)
    created_at = iso_time(result.created_at or job.created_at)
    query = dict(parse_qsl(urlsplit(url).query)) if "utm_" in url else {}
    link = {
        "id": link_id,
        "key": result.slug,
        "url": url,
        "qrCode": f"{settings.get().base_url}/api/links/{link_id}/qr.png",
        "externalId": item.get("external_id"),
        "title": result.title,
        "comments": item.get("comment"),
        "password": item.get("password") if result.status == ItemStatus.CREATED else None,
        "expiresAt": iso_time(result.expires_at),
        "disabledAt": None,
        "tags": [{"id": str(tag_id), "name": name, "color": "gray"} for tag_id, name in link_tags],
        "webhookIds": [],
        "workspaceId": str(job.workspace_id),
        "projectId": str(job.workspace_id),
        "createdAt": created_at,
        "updatedAt": created_at,
    }
    return UNSUPPORTED | link | {name: query.get(name) for name in UTM}


# Dub's model of a link has these fields, and ours has not.
ALWAYS_NULL = (
    "tenantId programId partnerId expiredUrl description image video ios android geo folderId userId"
    " lastClicked tagId testVariants testStartedAt testCompletedAt"
).split()
ALWAYS_FALSE = ("trackConversion", "archived", "proxy", "rewrite", "doIndex", "publicStats")
ALWAYS_ZERO = ("clicks", "leads", "conversions", "sales", "saleAmount")
UNSUPPORTED: dict[str, Any] = (
    dict.fromkeys(ALWAYS_NULL) | dict.fromkeys(ALWAYS_FALSE, False) | dict.fromkeys(ALWAYS_ZERO, 0)
)


def build_failure(result: LinkedItem, link: Any) -> dict[str, Any]:
    error_code = result.error_code or ""
    message = ITEM_MESSAGES.get(error_code, result.error_message)
    return {"link": link, "error": message, "code": ITEM_ERROR_CODES.get(error_code, "unprocessable_entity")}


ITEM_ERROR_CODES = {
    "SLUG_TAKEN": "conflict",
    "RESERVED_SLUG": "forbidden",
    "LIMIT_REACHED": "exceeded_limit",
    "INTERNAL": "internal_server_error",
}
ITEM_MESSAGES = {
    "SLUG_TAKEN": "Duplicate key: This short link already exists.",
    "UNKNOWN_DOMAIN": "Domain does not belong to workspace.",
}


def build_error(call: FailedCall) -> tuple[int, Any]:
    status = 422 if call.status in (413, 415) else call.status
    code = ERROR_CODES.get(status, "internal_server_error")
    return status, {"error": {"code": code, "message": call.message, "doc_url": DOCS_URL + code.replace("_", "-")}}


DOCS_URL = "https://dub.co/docs/api-reference/errors#"
ERROR_CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    409: "conflict",
    422: "unprocessable_entity",
    429: "rate_limit_exceeded",
}


OPTIONAL_TEXTS = "key prefix domain title password expiresAt externalId ref comments"
LISTS = {"tagNames": array_of(TEXT), "tagIds": array_of(TEXT)}
LINK = json_object({"url": TEXT}, dict.fromkeys(OPTIONAL_TEXTS.split(), TEXT) | LISTS | {"keyLength": INTEGER})
CREATED_LINK = json_object({"id": TEXT, "domain": TEXT, "key": TEXT, "url": TEXT, "shortLink": TEXT, "qrCode": TEXT})
FAILED_LINK = json_object({"link": ANYTHING, "error": TEXT, "code": TEXT})

VENDOR = Vendor(
    name="dub",
    title="Dub",
    fields=FIELDS,
    batch_limit=100,
    build_error=build_error,
    sent_request=sent_request,
    calls=(
        CreateCall(
            path="/links/bulk",
            action="bulk create",
            parse_request=parse_request,
            build_answer=build_answer,
            request_schema=array_of(LINK),
            answer_schema=array_of(any_of(CREATED_LINK, FAILED_LINK)),
            examples=examples.load("dub")["/links/bulk"],
        ),
    ),
)
