"""URL Shortify, the WordPress plugin: `POST /wp-json/url-shortify/v1/links/bulk`, and its list of groups."""

import math
from typing import Any

from flask import Response, request

from models import store
from models.accounts import workspaces
from models.accounts.keys import Owner
from models.errors import Invalid
from models.jobs.items import LinkedItem
from models.links import labels
from producer.fields.item_rules import LARGEST_INTEGER
from web.auth import authenticate_consumer
from web.vendors import examples
from web.vendors.json_schema import ANYTHING, BOOLEAN, DATE_TIME, INTEGER, TEXT, array_of, json_object
from web.vendors.security import SecurityScheme
from web.vendors.vendor import (
    DirectCall,
    FailedCall,
    FinishedCall,
    ItemFields,
    JobCall,
    LinkFields,
    Vendor,
    VendorRequest,
    has_link,
    json_response,
    reject,
    translate_link,
)

ROOT = "/wp-json/url-shortify/v1"
PAIR_HEADERS = ("X-URL-SHORTIFY-CONSUMER-KEY", "X-URL-SHORTIFY-CONSUMER-SECRET")
FIELDS = LinkFields(
    names={
        "url": ("url",),
        "slug": ("slug",),
        "title": ("title",),
        "group": ("group_id",),
        "tags": ("tags", "tag_ids"),
        "expires_at": ("expiration_date", "expires_at"),
    }
)
LABEL_TABLES = {"group": labels.GROUPS, "tags": labels.TAGS}


def authenticate() -> Owner:
    """Authenticate by the pair of headers, or by the same pair as HTTP Basic."""
    key, secret = (request.headers.get(name, "").strip() for name in PAIR_HEADERS)
    basic = request.authorization
    if not (key and secret) and basic and basic.type == "basic":
        key = basic.username or ""
        secret = basic.password or ""
    return authenticate_consumer(key, secret)


def workspace_limit(owner: Owner) -> int | None:
    with store.read() as db:
        limit: int | None = workspaces.get(db, owner.workspace_id).bulk_limit
    return limit


def parse_request(body: Any, owner: Owner) -> VendorRequest:
    links = body.get("links") if isinstance(body, dict) else body  # the plugin takes a bare list too
    if not isinstance(links, list):
        raise Invalid("The body must be an object with a list named links.")
    items = [parse_link(link) for link in links]
    with store.read() as db:
        for field_name, table in LABEL_TABLES.items():
            ids = _label_ids(items, field_name)
            names = labels.names_by_id(db, table, owner.workspace_id, ids)
            items = [_replace_ids(item, field_name, names) for item in items]
    return VendorRequest(items)


def parse_link(link: Any) -> ItemFields:
    fields = translate_link(link, FIELDS)
    for field_name in LABEL_TABLES:
        if field_name in fields:
            fields[field_name] = _parse_ids(fields[field_name])
    return fields


def _parse_ids(value: Any) -> list[int | str]:
    """Return a list of ids; what is not an id becomes text. The plugin's 0 stands for no label."""
    if not value:
        return []
    values = value if isinstance(value, list) else [value]
    ids: list[int | str] = []
    for entry in values:
        # Not isinstance: JSON's true would count as 1.
        if type(entry) is int and 0 < entry <= LARGEST_INTEGER:
            ids.append(entry)
        elif entry != 0:
            ids.append(str(entry))
    return ids


def _label_ids(items: list[ItemFields], field_name: str) -> set[int]:
    ids: set[int] = set()
    for item in items:
        ids.update(entry for entry in item.get(field_name, ()) if isinstance(entry, int))
    return ids


def _replace_ids(item: ItemFields, field_name: str, names: dict[int, str]) -> ItemFields:
    """Put names in the place of ids. A name may look like an id, so nothing but a number is looked up."""
    if field_name not in item:
        return item
    fields = dict(item)
    ids = fields.pop(field_name)
    for label_id in ids:
        if label_id not in names:
            message = f"There is no {field_name.removesuffix('s')} with the ID {label_id}."
            return reject(fields, UNKNOWN_LABEL_CODES[field_name], message)
    if ids:
        label_names = [names[label_id] for label_id in ids]
        fields[field_name] = label_names if field_name == "tags" else label_names[0]
    return fields


UNKNOWN_LABEL_CODES = {"group": "UNKNOWN_GROUP", "tags": "INVALID_TAGS"}


def build_answer(call: FinishedCall) -> Any:
    pairs = zip(call.request.items, call.read_linked_items(), strict=True)
    return {"success": True, "data": [build_result(call, item.get("url", ""), result) for item, result in pairs]}


def build_result(call: FinishedCall, url: Any, result: LinkedItem) -> dict[str, Any]:
    if has_link(result):
        short_url = call.short_url(result.slug)
        return {"original_url": url, "short_url": short_url, "slug": result.slug, "status": "created"}
    code = (result.error_code or "") if isinstance(url, str) else "INVALID_URL"
    message = ITEM_MESSAGES.get(code, result.error_message)
    return {"original_url": url, "status": "error", "message": message}


ITEM_MESSAGES = {"INVALID_URL": "Invalid URL.", "SLUG_TAKEN": "Slug already exist."}


def build_error(call: FailedCall) -> tuple[int, Any]:
    status = 400 if call.status in (413, 415, 422) else call.status
    code = ERROR_CODES.get(status, "rest_server_error")
    return status, {"success": False, "code": code, "message": call.message, "data": {"status": status}}


ERROR_CODES = {
    400: "rest_bad_request",
    401: "rest_unauthorized_request",
    403: "rest_forbidden_request",
    404: "rest_not_found",
    429: "rest_too_many_requests",
    503: "rest_unavailable",
    504: "rest_still_running",
}


def read_groups(owner: Owner) -> Response:
    """List the workspace's groups, in pages as WordPress has them."""
    page = max(1, request.args.get("page", 1, int))
    page_size = min(max(1, request.args.get("per_page", MAX_PAGE_SIZE, int)), MAX_PAGE_SIZE)
    with store.read() as db:
        groups = labels.page(db, labels.GROUPS, owner.workspace_id, 0, LARGEST_INTEGER)
    first = (page - 1) * page_size
    data = [{"id": group.id, "name": group.name} for group in groups[first : first + page_size]]
    response = json_response({"success": True, "data": data}, 200)
    response.headers["X-WP-Total"] = str(len(groups))
    response.headers["X-WP-TotalPages"] = str(math.ceil(len(groups) / page_size))
    return response


MAX_PAGE_SIZE = 100


LINK = json_object(
    {"url": TEXT},
    {
        "slug": TEXT,
        "title": TEXT,
        "group_id": INTEGER,
        "tags": array_of(INTEGER),
        "expiration_date": DATE_TIME,
    },
)
RESULT = json_object({"original_url": ANYTHING, "status": {"enum": ["created", "error"]}})
GROUP = json_object({"id": INTEGER, "name": TEXT})
CONSUMER_PAIR = {"type": "http", "scheme": "basic", "description": "Consumer key and consumer secret"}
EXAMPLES = examples.load("url_shortify")

VENDOR = Vendor(
    name="url_shortify",
    title="URL Shortify",
    fields=FIELDS,
    batch_limit=50,
    build_error=build_error,
    authenticate=authenticate,
    security_scheme=SecurityScheme("consumer", CONSUMER_PAIR),
    challenge='Basic realm="URL Shortify REST API", charset="UTF-8"',
    workspace_limit=workspace_limit,
    calls=(
        JobCall(
            path=f"{ROOT}/links/bulk",
            action="bulk create",
            parse_request=parse_request,
            build_answer=build_answer,
            request_schema=json_object({"links": array_of(LINK)}),
            answer_schema=json_object({"success": BOOLEAN, "data": array_of(RESULT)}),
            examples=EXAMPLES[f"{ROOT}/links/bulk"],
            status=201,
        ),
    ),
    direct_calls=(
        DirectCall(
            path=f"{ROOT}/groups",
            action="list of groups",
            answer=read_groups,
            answer_schema=json_object({"success": BOOLEAN, "data": array_of(GROUP)}),
            examples=EXAMPLES[f"{ROOT}/groups"],
        ),
    ),
)
