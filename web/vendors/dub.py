"""Dub: `/links/bulk`, a bare array in and a bare array out, as the official `dub` packages send and read it."""

from itertools import islice
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from flask import request

from models import settings, store
from models.accounts import domains
from models.accounts.keys import Owner
from models.errors import Invalid
from models.jobs.items import LinkedItem
from models.jobs.states import ItemStatus
from models.link_key import LinkKey
from models.links import labels, tagging
from producer.documents.times import iso_time
from web.auth import by_bearer
from web.vendors.vendor import Asked, Finished, Refusal, Row, Vendor, refused, renamed

UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
SPELLINGS = {
    "url": ("url",),
    "slug": ("key",),
    "title": ("title",),
    "password": ("password",),
    "expires_at": ("expiresAt",),
    "external_id": ("externalId",),
    "tags": ("tagNames",),
} | {name: (name,) for name in UTM}

ITEM_CODES = {
    "SLUG_TAKEN": "conflict",
    "RESERVED_SLUG": "forbidden",
    "LIMIT_REACHED": "exceeded_limit",
    "INTERNAL": "internal_server_error",
}
MESSAGES = {"SLUG_TAKEN": "Duplicate key: This short link already exists."}
FOREIGN = "Domain does not belong to workspace."
ANOTHER = "The links of one call are on one domain; send those of another one apart."
CODES = {401: "unauthorized", 403: "forbidden", 404: "not_found", 409: "conflict", 429: "rate_limit_exceeded"}
DOCS = "https://dub.co/docs/api-reference/errors#"

NAMELESS = "?"  # no domain is called so
MOST_NAMES = 100
LACKING = (
    "tenantId programId partnerId expiredUrl description image video ios android geo folderId comments userId"
    " lastClicked tagId testVariants testStartedAt testCompletedAt"
).split()
"""What their links may have and none of ours has."""
NEVER = ("trackConversion", "archived", "proxy", "rewrite", "doIndex", "publicStats")
NOTHING = ("clicks", "leads", "conversions", "sales", "saleAmount")
SAME: dict[str, Any] = dict.fromkeys(LACKING) | dict.fromkeys(NEVER, False) | dict.fromkeys(NOTHING, 0)
COLOR = "gray"  # theirs have one each


def speaks() -> bool:
    """Short.io listens on the same path, and its keys stand without a scheme."""
    return request.headers.get("Authorization", "").lower().startswith("bearer ")


def load(body: Any, owner: Owner) -> Asked:
    if not isinstance(body, list):
        raise Invalid("the body is an array of links")
    named = [_domain(link) for link in body]
    known = _known(set(named), owner)
    domain = next((name for name in named if name in known), None)
    problems = [(name not in known and FOREIGN) or (name != domain and ANOTHER) or "" for name in named]
    tags = _tag_names(body[:MOST_NAMES], owner)
    rows = [row(link, problem, tags) for link, problem in zip(body, problems, strict=True)]
    return Asked(rows, domain=domain, note=body)


def _domain(link: Any) -> str | None:
    """The name of a link's domain, in the one way that names can be compared; None is the default one."""
    name = link.get("domain") if isinstance(link, dict) else None
    if not isinstance(name, str):
        return None if name is None else NAMELESS
    return None if name.lower() in ("", settings.get().authority) else name.lower()


def _known(named: set[str | None], owner: Owner) -> set[str | None]:
    names = [name for name in named if name is not None]
    if not names:
        return {None}
    with store.read() as db:
        return {None} | {name for name in islice(names, MOST_NAMES) if domains.find(db, owner.workspace_id, name)}


def _tag_names(body: list[Any], owner: Owner) -> dict[str, str]:
    """The names of the tags that links ask for by their ids."""
    ids = {
        name for link in body if isinstance(link, dict) for name in _ids(link) if name.isdecimal() and len(name) < 10
    }
    if not ids:
        return {}
    with store.read() as db:
        found = labels.names_by_id(db, labels.TAGS, owner.workspace_id, map(int, ids))
    return {str(number): name for number, name in found.items()}


def _ids(link: dict[str, Any]) -> list[str]:
    given = _listed(link.get("tagIds") or link.get("tagId") or [])
    return [str(name) for name in given] if isinstance(given, list) else [""]


def _listed(given: Any) -> Any:
    """One name, several between commas, or a list of them."""
    return [name.strip() for name in given.split(",") if name.strip()] if isinstance(given, str) else given


def row(link: Any, problem: str, tags: dict[str, str]) -> Row:
    if not isinstance(link, dict):
        return refused({}, "INVALID_TYPE", "a link is an object")
    found, ids = renamed(link, SPELLINGS), _ids(link)
    if "tags" in found:
        found["tags"] = _listed(found["tags"])
    if problem:
        return refused(found, "MALFORMED_ROW", problem)
    if unknown := [name for name in ids if name not in tags]:
        return refused(found, "INVALID_TAGS", f"Invalid tagIds detected: {', '.join(unknown)}")
    return found | ({"tags": [tags[name] for name in ids]} if ids else {})


def dump(finished: Finished) -> Any:
    results = finished.results()
    tags = _tags(finished, results)
    asked = zip(results, finished.asked.rows, finished.asked.note, strict=True)
    return [
        shape(finished, result, row, tags.get(result.slug, [])) if result.slug else fault(result, sent)
        for result, row, sent in asked
    ]


def _tags(finished: Finished, results: list[LinkedItem]) -> dict[str, list[dict[str, str]]]:
    """The tags of the links, by slug; where none was asked for and no link was there before, there is none."""
    if not any("tags" in row or "external_id" in row for row in finished.asked.rows):
        return {}
    with store.read() as db:
        keys = [
            LinkKey(finished.job.domain_id, found.slug, found.generation)
            for found in results
            if found.slug and found.generation is not None
        ]
        tied = tagging.of_links(db, keys)
        numbers = labels.ids_by_name(db, labels.TAGS, finished.job.workspace_id, sorted(set().union(*tied.values())))
    return {
        slug: [{"id": str(numbers[name]), "name": name, "color": COLOR} for name in names if name in numbers]
        for (_, slug, _), names in tied.items()
    }


def shape(finished: Finished, found: LinkedItem, row: Row, tags: list[dict[str, str]]) -> dict[str, Any]:
    job, made = finished.job, found.status == ItemStatus.CREATED
    url = found.url or row["url"]
    name = finished.link_id(found)
    given = dict(parse_qsl(urlsplit(url).query)) if "utm_" in url else {}
    moment = iso_time(found.created_at or job.created_at)
    return SAME | {
        "id": name,
        "domain": job.hostname,
        "key": found.slug,
        "url": url,
        "shortLink": finished.short(found.slug),
        "qrCode": f"{settings.get().base_url}/api/links/{name}/qr.png",
        "externalId": row.get("external_id"),
        "title": found.title,
        "password": row.get("password") if made else None,
        "expiresAt": iso_time(found.expires_at),
        "disabledAt": None,
        "tags": tags,
        "webhookIds": [],
        "workspaceId": str(job.workspace_id),
        "projectId": str(job.workspace_id),
        "createdAt": moment,
        "updatedAt": moment,
        **{name: given.get(name) for name in UTM},
    }


def fault(found: LinkedItem, sent: Any) -> dict[str, Any]:
    message = MESSAGES.get(found.error_code or "", found.error_message)
    return {"link": sent, "error": message, "code": ITEM_CODES.get(found.error_code or "", "unprocessable_entity")}


def refuse(refusal: Refusal) -> tuple[int, Any]:
    status = 422 if refusal.status in (413, 415) else refusal.status
    unclear = {400: "bad_request", 422: "unprocessable_entity"}
    code = (CODES | unclear).get(status, "internal_server_error")
    return status, {"error": {"code": code, "message": refusal.message, "doc_url": DOCS + code.replace("_", "-")}}


VENDORS = (Vendor("dub", ("/links/bulk",), by_bearer, load, dump, refuse, speaks=speaks),)
