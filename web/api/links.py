"""`/api/links`: make one, through the same road as a million, and list them."""

from typing import Any

import msgspec
from flask import Response, jsonify, make_response, request
from flask_smorest import Blueprint

from models import cursors, store
from models.errors import BrokenJson, Gone, Unavailable
from models.jobs import items, jobs
from models.jobs.states import ItemStatus
from models.links import listing
from producer import link_filters, synchronous
from producer.accept import Upload
from producer.documents import schemas
from producer.documents.link_document import link_documents
from producer.idempotency import Hold
from producer.intake import json_bodies
from producer.intake.json_bodies import decode_json
from producer.intake.layouts import NDJSON
from producer.intake.ndjson_batch import decoder
from producer.job_options import Options
from producer.rules import item_errors
from web import idempotency
from web.api.jobs import ended
from web.auth import needs, owner
from web.bodies import chunks

LARGEST_ITEM = 1 << 16
UNREAD = "MALFORMED_ROW"

blueprint = Blueprint("links", __name__, url_prefix="/api/links", description="Single links")


def documented(schema: Any) -> Any:
    """Says in OpenAPI what a view takes that reads its body by the rules of items."""
    content = {"application/json": {"schema": schema}}
    return blueprint.doc(requestBody={"required": True, "content": content})


@blueprint.route("", methods=["POST"])
@needs("write")
@documented(schemas.LinkRequest)
@blueprint.doc(**idempotency.documented)
@blueprint.response(201, schemas.Link)
def create() -> Response:
    """Make one link: a job of one item, waited for."""
    with idempotency.held() as held:
        body, new = made(taken_apart(), held)
        response = make_response(jsonify(body), 201 if new else 200)
        response.headers["Location"] = f"/api/links/{body['id']}"
        return response


@blueprint.route("")
@needs("read")
@blueprint.arguments(schemas.LinksQuery, location="query")
@blueprint.response(200, schemas.Links)
def listed(query: dict[str, Any]) -> Response:
    """Links of this workspace, the newest first."""
    limit, after = query.pop("limit"), query.pop("cursor", None)
    with store.read() as db:
        link_filter = link_filters.from_query(db, owner().workspace_id, query)
        rows = listing.page(db, owner().workspace_id, link_filter, after, limit + 1)
        found = link_documents(db, rows[:limit])
    next_cursor = cursors.encode_position(rows[limit - 1].position) if len(rows) > limit else None
    return jsonify(items=found, next_cursor=next_cursor)


def taken_apart() -> dict[str, msgspec.Raw]:
    """The fields of a body, each still as it came."""
    try:
        return decode_json(json_bodies.members_decoder, json_bodies.read_all(chunks(request), LARGEST_ITEM))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BrokenJson(f"the body is not a JSON object: {error}") from None


def decoded(parts: dict[str, msgspec.Raw]) -> dict[str, Any]:
    try:
        return {name: decode_json(decoder, bytes(value)) for name, value in parts.items()}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BrokenJson(f"the body is not JSON: {error}") from None


def made(parts: dict[str, msgspec.Raw], held: Hold | None = None) -> tuple[dict[str, Any], bool]:
    """The link that these fields make, and whether it is a new one; raises what is wrong with them."""
    domain, item = _domain(parts), json_bodies.one_line(msgspec.json.encode(parts))
    upload = Upload("json", NDJSON, [item + b"\n"])
    job = synchronous.create_and_wait(upload, owner(), Options(domain=domain), held)
    if not ended(job):
        raise Unavailable(f"the link is still being made: see /api/jobs/{job.id}")
    return _outcome(job, parts)


def _domain(parts: dict[str, msgspec.Raw]) -> str | None:
    """The domain is said of the whole upload, so it is no field of the item."""
    domain = decoded({"domain": parts.pop("domain", msgspec.Raw(b"null"))})["domain"]
    if not isinstance(domain, str | None):
        raise item_errors.invalid("domain", "INVALID_TYPE", "domain is a text")
    return domain


def _outcome(job: jobs.Job, parts: dict[str, msgspec.Raw]) -> tuple[dict[str, Any], bool]:
    with store.read() as db:
        item: Any = next(iter(items.page(db, job.id, job.domain_id, (), -1, 1)), None)
        link = listing.find_by_slug(db, job.workspace_id, job.domain_id, item.slug) if item and item.url else None
        body = link_documents(db, [link])[0] if link else None
    if body is None and (item is None or item.slug):
        raise Gone("the link of this request has been deleted since")
    if body is None:
        given = decoded(parts) if item.error_code != UNREAD else {}
        raise item_errors.item_error(item.error_code, item.error_message, given)
    return body, item.status == ItemStatus.CREATED
