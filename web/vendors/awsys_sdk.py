"""AWSYS as its SDKs speak to it (`awsysco` on PyPI): `/api/v1/bulk`, and `/api/v1/links` for one link."""

from typing import Any

from models.accounts.keys import Owner
from models.errors import Invalid
from models.jobs.items import LinkedItem
from producer.documents.times import iso_time
from web.auth import by_bearer
from web.vendors import awsys
from web.vendors.vendor import Asked, Finished, Refusal, Row, Vendor, refused, renamed

SPELLINGS = {"url": ("url",)} | awsys.SPELLINGS
UNSCANNED: Row = {"expireFallbackUrl": None, "trustScore": None, "trustStatus": None, "threats": []}
"""What the SDK's model of a link has and we do not."""


def load_bulk(body: Any, owner: Owner) -> Asked:
    urls = body.get("urls") if isinstance(body, dict) else None
    if not isinstance(urls, list):
        raise Invalid("the body is an object with a list named urls")
    return Asked([row(link) for link in urls])


def load_one(body: Any, owner: Owner) -> Asked:
    return Asked([row(body)])


def row(link: Any) -> Row:
    """Unlike in AWSYS's other calls, the URL is plain."""
    return renamed(link, SPELLINGS) if isinstance(link, dict) else refused({}, "INVALID_TYPE", "a link is an object")


def dump_bulk(finished: Finished) -> Any:
    results = [shape(finished, *pair) for pair in zip(finished.asked.rows, finished.results(), strict=True)]
    created = sum(result["success"] for result in results)
    summary = {"total": len(results), "created": created, "failed": len(results) - created}
    return {"success": True, "summary": summary, "results": results}


def shape(finished: Finished, sent: Row, found: LinkedItem) -> dict[str, Any]:
    url = sent.get("url")
    said = {"url": url, "long": url if isinstance(url, str) else None}
    if found.status not in awsys.MADE:
        return said | {"success": False, "error": found.error_code, "message": found.error_message}
    return said | {"success": True, "shortCode": found.slug, "shortUrl": finished.short(found.slug)}


def dump_one(finished: Finished) -> Any:
    found = finished.results()[0]
    if found.status not in awsys.MADE:
        raise awsys.failure(found)
    ends = {"expiresAt": iso_time(found.expires_at), "maxClicks": found.max_clicks}
    made = {"created": iso_time(found.created_at), "fullPath": None, "namespace": None}
    return shape(finished, finished.asked.rows[0], found) | made | ends | UNSCANNED


def refuse(refusal: Refusal) -> tuple[int, Any]:
    status, body = awsys.refuse(refusal)
    return status, body | {"error": True}


VENDORS = (
    Vendor("awsys_sdk", ("/api/v1/bulk",), by_bearer, load_bulk, dump_bulk, refuse),
    Vendor("awsys_sdk", ("/api/v1/links",), by_bearer, load_one, dump_one, refuse, status=201, bulk=False),
)
