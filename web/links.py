"""`/api/links`: one link at a time, through the same road as a million."""

from typing import Any

import msgspec
from flask import Response, jsonify, make_response, request
from flask_smorest import Blueprint

from models import domains, items, jobs, links, settings, store
from models.errors import BrokenJson, Conflict, Invalid, Unavailable
from producer import bodies, schemas, shapes, wait
from producer.accept import Options, Upload, accept
from producer.formats import NDJSON
from web.auth import needs, owner
from web.jobs import ended, find

LARGEST_ITEM = 1 << 16
CONFLICTS = ("SLUG_TAKEN", "RESERVED_SLUG")

blueprint = Blueprint("links", __name__, url_prefix="/api/links", description="Single links")


@blueprint.route("", methods=["POST"])
@blueprint.response(201, schemas.Link)
@needs("write")
def create() -> Response:
    """Make one link: a job of one item, waited for."""
    domain, item = _item(request.get_data(cache=False))
    job_id = accept(Upload("json", NDJSON, [item + b"\n"]), owner(), lambda: Options(domain=domain))
    job = wait.until_ended(job_id, settings.get().sync_wait_seconds, lambda: find(job_id), ended)
    if not ended(job):
        raise Unavailable(f"the link is still being made: see /api/jobs/{job_id}")
    return _made(job)


def _item(body: bytes) -> tuple[str | None, bytes]:
    """The item, and the domain, which is said of the whole upload."""
    try:
        parts = bodies.pieces.decode(body[: LARGEST_ITEM + 1])
        domain = msgspec.json.decode(parts.pop("domain", b"null"), type=str | None)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BrokenJson(f"the body is not a JSON object of at most {LARGEST_ITEM:,} bytes: {error}") from None
    return domain, next(bodies.lines([msgspec.Raw(msgspec.json.encode(parts))])).strip()


def _made(job: jobs.Job) -> Response:
    with store.read() as db:
        item: Any = items.page(db, job.id, job.domain_id, (), -1, 1)[0]
        link = links.get(db, job.domain_id, item.slug) if item.slug else None
    if link is None:
        raise _refusal(item)
    body = shapes.link(link, domains.base_url(job.hostname, job.is_default))
    response = make_response(jsonify(body), 201 if item.status == items.CREATED else 200)
    response.headers["Location"] = f"/api/links/{body['id']}"
    return response


def _refusal(item: Any) -> Exception:
    refusal = (Conflict if item.error_code in CONFLICTS else Invalid)(item.error_message)
    refusal.code = item.error_code
    return refusal
