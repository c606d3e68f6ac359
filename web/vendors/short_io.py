"""Short.io: `POST /links/bulk`, an object in and an array out, as its tutorial on creating many links shows them."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from models.accounts.keys import Owner
from models.errors import Invalid
from models.jobs.items import LinkedItem
from models.states import ItemStatus
from producer.documents.times import iso_time
from producer.fields.item_rules import stored_time
from producer.fields.wide_slugs import SlugKind
from web.auth import authenticate_header
from web.vendors import examples, reasons
from web.vendors.json_schema import BOOLEAN, INTEGER, TEXT, any_of, array_of, json_object
from web.vendors.security import SecurityScheme
from web.vendors.vendor import (
    CreateCall,
    FailedCall,
    FinishedCall,
    ItemFields,
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

FIELDS = LinkFields(
    names={
        "url": ("originalURL",),
        "slug": ("path",),
        "title": ("title",),
        "tags": ("tags",),
        "expires_at": ("expiresAt", "ttl"),
        "created_at": ("createdAt",),
        "password": ("password",),
        "max_clicks": ("clicksLimit",),
        "utm_source": ("utmSource",),
        "utm_medium": ("utmMedium",),
        "utm_campaign": ("utmCampaign",),
        "utm_term": ("utmTerm",),
        "utm_content": ("utmContent",),
    },
    special=("domain", "allowDuplicates"),
    without_effect={
        "folderId": reasons.FOLDER,
        "passwordContact": "It only adds a contact to the page that asks for the password.",
        "skipQS": "Linkmill never adds a visitor's parameters to the destination.",
        "splitPercent": "It says something about splitURL only, which is refused.",
        "integrationAdroll": reasons.TRACKING,
        "integrationFB": reasons.TRACKING,
        "integrationGA": reasons.TRACKING,
        "integrationGTM": reasons.TRACKING,
        "integrationTT": reasons.TRACKING,
    },
    refusals={
        "androidURL": reasons.ONE_DESTINATION,
        "iphoneURL": reasons.ONE_DESTINATION,
        "splitURL": reasons.ONE_DESTINATION,
        "archived": reasons.NO_ARCHIVE,
        "cloaking": reasons.NO_FRAME,
        "expiredURL": reasons.NO_EXPIRED_URL,
        "redirectType": Refusal("Linkmill redirects with 302.", harmless=(302, "302")),
    },
)


def authenticate() -> Owner:
    return authenticate_header("Authorization")


def parse_request(body: Any, owner: Owner) -> VendorRequest:
    links_of_body = read_list(body, "links")
    domain = body.get("domain")
    if not isinstance(domain, str | None):
        raise Invalid("domain must be text.")
    choices = [_allows_duplicates(link, body) for link in links_of_body]
    choice = any(choices[:1])
    items = []
    for link, other_choice in zip(links_of_body, choices, strict=True):
        item = parse_link(link)
        if other_choice != choice:
            item = reject(item, "MALFORMED_ROW", MIXED_CHOICES)
        items.append(item)
    return VendorRequest(items, domain=domain, reuse_urls=not choice, slugs=SlugKind.WIDE)


MIXED_CHOICES = "All links of a call must have the same allowDuplicates. Send the others in a call of their own."


def _allows_duplicates(link: Any, body: dict[str, Any]) -> bool:
    """A link's own choice comes before that of the call."""
    own = link.get("allowDuplicates") if isinstance(link, dict) else None
    return bool(body.get("allowDuplicates") if own is None else own)


def parse_link(link: Any) -> ItemFields:
    fields = translate_link(link, FIELDS)
    if is_rejected(fields):
        return fields
    for name, code in TIME_CODES.items():
        try:
            fields[name] = _parse_time(fields.get(name))
        except (ValueError, OverflowError, OSError):
            return reject(fields, code, INVALID_TIME)
    return fields


TIME_CODES = {"expires_at": "INVALID_EXPIRY", "created_at": "INVALID_TYPE"}
INVALID_TIME = "expiresAt, ttl and createdAt must be points in time: ISO 8601, or milliseconds since 1970."


def _parse_time(value: Any) -> Any:
    """Turn milliseconds into ISO 8601. Text stays as it is: the rules of items check it."""
    if not isinstance(value, int | float) or isinstance(value, bool):  # a bool is an int in Python
        return value
    if value < MIN_TIMESTAMP:
        raise ValueError(value)
    return stored_time(datetime.fromtimestamp(value / 1000, UTC))


MIN_TIMESTAMP = 100_000_000_000  # milliseconds, in 1973: a smaller number was meant as seconds or as a duration


def build_answer(call: FinishedCall) -> Any:
    answer = []
    for result, item in zip(call.read_linked_items(), call.request.items, strict=True):
        if has_link(result):
            answer.append(build_link(call, result, item))
        else:
            answer.append(build_failure(result))
    return answer


def build_link(call: FinishedCall, result: LinkedItem, item: ItemFields) -> dict[str, Any]:
    job = call.job
    short_url = call.short_url(result.slug)
    link_id = call.link_id(result)
    created_at = iso_time(result.created_at or job.created_at)
    return CONSTANT | {
        "id": link_id,
        "idString": link_id,
        "originalURL": result.url or item["url"],
        "path": result.slug,
        "lcpath": (result.slug or "").lower(),
        "shortURL": short_url,
        "secureShortURL": short_url,
        "DomainId": job.domain_id,
        "OwnerId": job.workspace_id,
        "title": result.title,
        "tags": item.get("tags", []),
        "expiresAt": iso_time(result.expires_at),
        "hasPassword": bool(item.get("password")),
        "createdAt": created_at,
        "updatedAt": created_at,
        "duplicate": result.status == ItemStatus.EXISTING,
        "success": True,
    }


CONSTANT: dict[str, Any] = {"archived": False, "cloaking": False, "redirectType": "302", "source": "api"}


def build_failure(result: LinkedItem) -> dict[str, Any]:
    message = ITEM_MESSAGES.get(result.error_code or "", result.error_message)
    return {"error": message, "status": ITEM_STATUSES.get(result.error_code or "", 400), "success": False}


ITEM_STATUSES = {"SLUG_TAKEN": 409, "RESERVED_SLUG": 409, "LIMIT_REACHED": 402, "INTERNAL": 500}
ITEM_MESSAGES = {"SLUG_TAKEN": "Link already exists", "RESERVED_SLUG": "Link already exists"}


def build_error(call: FailedCall) -> tuple[int, Any]:
    status = 400 if call.status in (413, 415, 422) else call.status
    body = {"error": HTTPStatus(status).phrase, "message": call.message, "statusCode": status, "success": False}
    return status, body


TEXT_OR_MILLISECONDS = {"type": ["string", "integer"]}
LINK = json_object(
    {"originalURL": TEXT},
    {
        "path": TEXT,
        "title": TEXT,
        "tags": array_of(TEXT),
        "password": TEXT,
        "clicksLimit": INTEGER,
        "ttl": TEXT_OR_MILLISECONDS,
        "expiresAt": TEXT_OR_MILLISECONDS,
    },
)
CREATED_LINK = json_object({"idString": TEXT, "originalURL": TEXT, "path": TEXT, "shortURL": TEXT, "success": BOOLEAN})
FAILED_LINK = json_object({"error": TEXT, "status": INTEGER, "success": BOOLEAN})
BARE_KEY = {"type": "apiKey", "in": "header", "name": "Authorization", "description": "The token alone"}

VENDOR = Vendor(
    name="short_io",
    title="Short.io",
    fields=FIELDS,
    batch_limit=1_000,
    build_error=build_error,
    authenticate=authenticate,
    security_scheme=SecurityScheme("bare", BARE_KEY),
    calls=(
        CreateCall(
            path="/links/bulk",
            action="bulk create",
            parse_request=parse_request,
            build_answer=build_answer,
            request_schema=json_object({"links": array_of(LINK)}, {"domain": TEXT, "allowDuplicates": BOOLEAN}),
            answer_schema=array_of(any_of(CREATED_LINK, FAILED_LINK)),
            examples=examples.load("short_io")["/links/bulk"],
        ),
    ),
)
