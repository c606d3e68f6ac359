"""`/api/jobs`: take an upload, show jobs and their items."""

from functools import partial
from typing import Any

from flask import Response, jsonify, make_response, request
from flask_smorest import Blueprint

from models import store
from models.accounts import domains
from models.clicks import click_counts
from models.errors import Invalid, NotFound, field_error
from models.ids import parse_id
from models.jobs import jobs, states
from models.jobs.jobs import Job
from models.jobs.states import ItemStatus
from producer import control, job_actions
from producer.accept import accept
from producer.documents import item_pages, schemas
from producer.documents.item_document import item_document
from producer.documents.job_document import job_document, job_etag
from producer.documents.link_document import job_stats_document
from producer.signals import waiting
from web import bodies, idempotency, limits, pagination
from web.auth import needs, owner

RETRY_SECONDS = 1

blueprint = Blueprint("jobs", __name__, url_prefix="/api/jobs", description="Uploads and what became of them")


@blueprint.route("", methods=["POST"])
@needs("write")
@blueprint.doc(**idempotency.documented)
@blueprint.response(202, schemas.Job)
def create() -> Response:
    """Take an upload and answer with its job at once."""
    limits.spend(owner())
    seconds = preferred_wait()
    with idempotency.held() as held:
        upload, given = bodies.read(request)
        job_id = accept(upload, owner(), given, held, awaited=seconds >= 1)
    look = partial(find, job_id)
    row = waiting.wait_in_slot(job_id, seconds, look, only_waiter=not held) if seconds else look()
    response = shown(row, 200 if seconds and ended(row) else 202)
    response.headers["Location"] = f"/api/jobs/{job_id}"
    if response.status_code == 202:
        response.headers["Retry-After"] = str(RETRY_SECONDS)
    return response


@blueprint.route("")
@needs("read")
@blueprint.arguments(schemas.JobsQuery, location="query")
@blueprint.response(200, schemas.Jobs)
def listed(query: dict[str, Any]) -> Response:
    """Jobs of this workspace, the newest first."""
    before = query.get("cursor")
    with store.read() as db:
        listed_jobs = jobs.page(
            db, owner().workspace_id, query.get("status"), before and int(before), query["limit"] + 1
        )
        return pagination.page(listed_jobs, query["limit"], lambda row: job_document(row, jobs.errors(db, row.id)))


@blueprint.route("/<job_id>")
@needs("read")
@blueprint.arguments(schemas.JobQuery, location="query")
@blueprint.response(200, schemas.Job)
def one(query: dict[str, Any], job_id: str) -> Response:
    """A job; with ?wait=N the answer is held until something changes."""
    number = parse_id(job_id)
    row = find(number)
    known = job_etag(row)
    if query["wait"] and not ended(row) and (not request.if_none_match or _has(row)):
        seconds = min(query["wait"], schemas.LONGEST_WAIT)
        row = waiting.wait_for_change(
            number, seconds, lambda: find(number), lambda seen: ended(seen) or job_etag(seen) != known
        )
    return _with_etag(make_response("", 304), row) if _has(row) else shown(row)


@blueprint.route("/<job_id>/items")
@needs("read")
@blueprint.arguments(schemas.ItemsQuery, location="query")
@blueprint.response(200, schemas.Items)
def its_items(query: dict[str, Any], job_id: str) -> Response:
    """A job's items in input order."""
    row = kept(parse_id(job_id))
    statuses = asked_statuses(query.get("status"))
    base = domains.base_url(row.hostname, row.is_default)
    found = item_pages.page(row, statuses, int(query.get("cursor", -1)), query["limit"] + 1)
    return pagination.page(found, query["limit"], lambda item: item_document(item, base), "index")


@blueprint.route("/<job_id>/cancel", methods=["POST"])
@needs("write")
@blueprint.response(202, schemas.Job)
def cancel(job_id: str) -> Response:
    """Stop a job at its shards' edges. What is done stays, the rest is unprocessed."""
    row = find(parse_id(job_id))
    control.cancel(row)
    return shown(find(row.id), 202)


@blueprint.route("/<job_id>/retry", methods=["POST"])
@needs("write")
@blueprint.response(202, schemas.Job)
def retry(job_id: str) -> Response:
    """Run failed and unprocessed items again, in the same job. What was made is never made twice."""
    row = find(parse_id(job_id))
    control.retry(row)
    return shown(find(row.id), 202)


@blueprint.route("/<job_id>/undo", methods=["POST"])
@needs("write")
@blueprint.response(202, schemas.Job)
def undo(job_id: str) -> Response:
    """Delete the links that this job made and nobody has clicked: a job of its own."""
    made = control.undo(find(parse_id(job_id)))
    response = shown(find(made), 202)
    response.headers["Location"] = f"/api/jobs/{made}"
    return response


@blueprint.route("/<job_id>", methods=["DELETE"])
@needs("write")
@blueprint.response(204)
def forget(job_id: str) -> Response:
    """Forget a job that has ended, its upload and its results. Its links stay."""
    control.forget(find(parse_id(job_id)))
    return Response(status=204)


@blueprint.route("/<job_id>/stats")
@needs("read")
@blueprint.response(200, schemas.JobStats)
def stats(job_id: str) -> Response:
    """The clicks of all its links, without those of bots: in all, and by day for a year."""
    job = find(parse_id(job_id))
    with store.read() as db:
        return jsonify(job_stats_document(click_counts.of_job(db, job.id)))


def find(job_id: int) -> Job:
    with store.read() as db:
        row = jobs.get(db, job_id, owner().workspace_id)
    if row is None:
        raise NotFound("there is no such job")
    return row


def kept(job_id: int) -> Job:
    """A job whose upload and results are still there."""
    row = find(job_id)
    job_actions.refuse_cleared(row)
    return row


def ended(row: Job) -> bool:
    return row.status not in states.ACTIVE_STATUSES


def shown(row: Job, status: int = 200) -> Response:
    with store.read() as db:
        body = job_document(row, jobs.errors(db, row.id) if row.failed else {})
    return _with_etag(make_response(jsonify(body), status), row)


def asked_statuses(text: str | None) -> list[str]:
    asked = [name for name in (text or "").split(",") if name]
    if unknown := sorted(set(asked) - set(ItemStatus)):
        field = field_error(f"Use one or more of {', '.join(ItemStatus)}.", "status")
        raise Invalid(f"no item has the status {unknown[0]!r}", [field])
    return asked


def preferred_wait() -> float:
    """How long the client would like to wait, from `Prefer: wait=N`."""
    for preference in request.headers.get("Prefer", "").split(","):
        name, _, value = preference.strip().partition("=")
        if name.lower() == "wait" and value.isascii() and value.isdigit():
            return min(float(value), schemas.LONGEST_WAIT)
    return 0.0


def _with_etag(response: Response, row: Job) -> Response:
    response.set_etag(job_etag(row))
    return response


def _has(row: Job) -> bool:
    """Whether the client has this very state of the job; a proxy that compresses makes the tag a weak one."""
    return request.if_none_match.contains_weak(job_etag(row))
