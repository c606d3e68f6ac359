"""Dub: `POST /links/bulk`, an array in and an array out, as the official `dub` packages send and read it."""

from itertools import islice
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from flask import request

from models import settings, store
from models.accounts import domains
from models.accounts.keys import Owner
from models.errors import Invalid
from models.jobs.items import LinkedItem
from models.link_key import LinkKey
from models.links import labels, tagging
from models.states import ItemStatus
from producer.documents.times import iso_time
from web.vendors import examples
from web.vendors.json_schema import ANYTHING, TEXT, any_of, array_of, json_object
from web.vendors.vendor import (
    CreateCall,
    FailedCall,
    FinishedCall,
    ItemFields,
    Vendor,
    VendorRequest,
    reject,
    rename_fields,
)

UTM_FIELDS = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
FIELD_NAMES = {
    "url": ("url",),
    "slug": ("key",),
    "title": ("title",),
    "password": ("password",),
    "expires_at": ("expiresAt",),
    "external_id": ("externalId",),
    "tags": ("tagNames",),
} | {name: (name,) for name in UTM_FIELDS}

MAX_LOOKUPS = 100  # domains and tags of more links than one call may have are not looked up


def sent_request() -> bool:
    """Tell Dub's clients from Short.io's, which send their key without a scheme."""
    return request.headers.get("Authorization", "").lower().startswith("bearer ")


def parse_request(body: Any, owner: Owner) -> VendorRequest:
    if not isinstance(body, list):
        raise Invalid("The body must be an array of links.")
    hostnames = [_hostname(link) for link in body]
    own_hostnames = _own_hostnames(hostnames, owner)
    call_hostname = next((name for name in hostnames if name in own_hostnames), None)
    tag_names = _tag_names(body[:MAX_LOOKUPS], owner)
    items = []
    for link, hostname in zip(body, hostnames, strict=True):
        problem = ""
        if hostname not in own_hostnames:
            problem = FOREIGN_DOMAIN
        elif hostname != call_hostname:
            problem = OTHER_DOMAIN
        items.append(parse_link(link, problem, tag_names))
    return VendorRequest(items, domain=call_hostname, context=body)


FOREIGN_DOMAIN = "Domain does not belong to workspace."
OTHER_DOMAIN = "All links of a call must be on one domain. Send the links of another domain in a call of their own."


def _hostname(link: Any) -> str | None:
    """Return a link's domain in a form that can be compared; None is the default domain."""
    name = link.get("domain") if isinstance(link, dict) else None
    if name is None:
        return None
    if not isinstance(name, str):
        return INVALID_HOSTNAME
    hostname = name.lower()
    is_default = hostname in ("", settings.get().authority)
    return None if is_default else hostname


INVALID_HOSTNAME = "?"  # stands for a domain that is not text; no domain has this name


def _own_hostnames(hostnames: list[str | None], owner: Owner) -> set[str | None]:
    """Return those hostnames that are domains of this workspace."""
    own: set[str | None] = {None}
    others = set(hostnames) - {None}
    if not others:
        return own
    with store.read() as db:
        for hostname in islice(others, MAX_LOOKUPS):
            if domains.find(db, owner.workspace_id, hostname):
                own.add(hostname)
    return own


def _tag_names(body: list[Any], owner: Owner) -> dict[str, str]:
    """Return the names of the tags that links name by id."""
    ids: set[int] = set()
    for link in body:
        if isinstance(link, dict):
            # Longer numbers do not fit the column of our ids.
            ids.update(int(text) for text in _tag_ids(link) if text.isdecimal() and len(text) < 10)
    if not ids:
        return {}
    with store.read() as db:
        names = labels.names_by_id(db, labels.TAGS, owner.workspace_id, ids)
    return {str(tag_id): name for tag_id, name in names.items()}


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


def parse_link(link: Any, problem: str, tag_names: dict[str, str]) -> ItemFields:
    if not isinstance(link, dict):
        return reject({}, "INVALID_TYPE", "A link must be an object.")
    fields = rename_fields(link, FIELD_NAMES)
    if "tags" in fields:
        fields["tags"] = _split_commas(fields["tags"])
    if problem:
        return reject(fields, "MALFORMED_ROW", problem)
    tag_ids = _tag_ids(link)
    unknown = [tag_id for tag_id in tag_ids if tag_id not in tag_names]
    if unknown:
        return reject(fields, "INVALID_TAGS", f"Invalid tagIds detected: {', '.join(unknown)}")
    if tag_ids:
        fields["tags"] = [tag_names[tag_id] for tag_id in tag_ids]
    return fields


def build_answer(call: FinishedCall) -> Any:
    results = call.read_linked_items()
    tags = _read_tags(call, results)
    answer = []
    for result, item, link in zip(results, call.request.items, call.request.context, strict=True):
        if result.slug:  # also of a link that an external id found
            answer.append(build_link(call, result, item, tags.get(result.slug, [])))
        else:
            answer.append(build_failure(result, link))
    return answer


def _read_tags(call: FinishedCall, results: list[LinkedItem]) -> dict[str, list[dict[str, str]]]:
    """Read the tags of the links, by slug."""
    # A link has tags only if the request names some, or if its external id names a link that existed before.
    if not any("tags" in item or "external_id" in item for item in call.request.items):
        return {}
    job = call.job
    with store.read() as db:
        keys = []
        for result in results:
            if result.slug and result.generation is not None:
                keys.append(LinkKey(job.domain_id, result.slug, result.generation))
        names_of_links = tagging.of_links(db, keys)
        names = sorted(set().union(*names_of_links.values()))
        ids = labels.ids_by_name(db, labels.TAGS, job.workspace_id, names)
    tags: dict[str, list[dict[str, str]]] = {}
    for key, tag_names in names_of_links.items():
        tags[key.slug] = [_build_tag(ids[name], name) for name in tag_names if name in ids]
    return tags


def _build_tag(tag_id: int, name: str) -> dict[str, str]:
    return {"id": str(tag_id), "name": name, "color": TAG_COLOR}


TAG_COLOR = "gray"


def build_link(call: FinishedCall, result: LinkedItem, item: ItemFields, tags: list[dict[str, str]]) -> dict[str, Any]:
    job = call.job
    url = result.url or item["url"]
    link_id = call.link_id(result)
    created_at = iso_time(result.created_at or job.created_at)
    query = dict(parse_qsl(urlsplit(url).query)) if "utm_" in url else {}
    link = {
        "id": link_id,
        "domain": job.hostname,
        "key": result.slug,
        "url": url,
        "shortLink": call.short_url(result.slug),
        "qrCode": f"{settings.get().base_url}/api/links/{link_id}/qr.png",
        "externalId": item.get("external_id"),
        "title": result.title,
        "password": item.get("password") if result.status == ItemStatus.CREATED else None,
        "expiresAt": iso_time(result.expires_at),
        "disabledAt": None,
        "tags": tags,
        "webhookIds": [],
        "workspaceId": str(job.workspace_id),
        "projectId": str(job.workspace_id),
        "createdAt": created_at,
        "updatedAt": created_at,
    }
    return UNSUPPORTED | link | {name: query.get(name) for name in UTM_FIELDS}


# Dub's model of a link has these fields, and ours has not.
ALWAYS_NULL = (
    "tenantId programId partnerId expiredUrl description image video ios android geo folderId comments userId"
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
ITEM_MESSAGES = {"SLUG_TAKEN": "Duplicate key: This short link already exists."}


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


OPTIONAL_TEXTS = dict.fromkeys(("key", "domain", "title", "password", "expiresAt", "externalId"), TEXT)
LINK = json_object({"url": TEXT}, OPTIONAL_TEXTS | {"tagNames": array_of(TEXT), "tagIds": array_of(TEXT)})
CREATED_LINK = json_object({"id": TEXT, "domain": TEXT, "key": TEXT, "url": TEXT, "shortLink": TEXT, "qrCode": TEXT})
FAILED_LINK = json_object({"link": ANYTHING, "error": TEXT, "code": TEXT})

VENDOR = Vendor(
    name="dub",
    title="Dub",
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
