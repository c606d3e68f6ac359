"""`/api/links`: one link at a time, through the same road as a million."""

from typing import Any

import msgspec
from flask import Response, jsonify, make_response, request
from flask_smorest import Blueprint

from models import domains, items, jobs, links, settings, store
from models.errors import BrokenJson, Conflict, Invalid, LinkmillError, Unavailable
from producer import bodies, schemas, shapes, wait
from producer.accept import Options, Upload, accept
from producer.formats import NDJSON, from_json
from producer.rules import RULES
from web.auth import needs, owner
from web.bodies import chunks
from web.jobs import ended, find

LARGEST_ITEM = 1 << 16
FIELD_OF = {rule.code: [rule.field] for rule in RULES if not rule.field.startswith("utm")}
CONFLICTS = ("SLUG_TAKEN", "RESERVED_SLUG")

blueprint = Blueprint("links", __name__, url_prefix="/api/links", description="Single links")


@blueprint.route("", methods=["POST"])
@needs("write")
@blueprint.response(201, schemas.Link)
def create() -> Response:
    """Make one link: a job of one item, waited for."""
    domain, item = _item(bodies.whole(chunks(request), LARGEST_ITEM))
    job_id = accept(Upload("json", NDJSON, [item + b"\n"]), owner(), lambda: Options(domain=domain))
    job = wait.until_ended(job_id, settings.get().sync_wait_seconds, lambda: find(job_id), ended)
    if not ended(job):
        raise Unavailable(f"the link is still being made: see /api/jobs/{job_id}")
    return _made(job)


def _item(body: bytes) -> tuple[str | None, bytes]:
    """The item, and the domain, which is said of the whole upload."""
    try:
        parts = from_json(bodies.pieces, body)
        domain = msgspec.json.decode(parts.pop("domain", b"null"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BrokenJson(f"the body is not a JSON object: {error}") from None
    if not isinstance(domain, str | None):
        raise Invalid("domain is a text", [_at("/domain", "INVALID_TYPE", "a text")])
    return domain, bodies.one_line(msgspec.json.encode(parts))


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
    if item.error_code in CONFLICTS:
        refusal: LinkmillError = Conflict(item.error_message)
    else:
        fields = [_at(f"/{name}", item.error_code, item.error_message) for name in FIELD_OF.get(item.error_code, ())]
        refusal = Invalid(item.error_message, fields)
    refusal.code = item.error_code
    return refusal


def _at(pointer: str, code: str, message: str) -> dict[str, str]:
    return {"pointer": pointer, "code": code, "message": message}
