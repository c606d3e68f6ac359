"""`/api/jobs`: take an upload, show jobs and their items."""

from functools import partial
from typing import Any

from flask import Response, jsonify, make_response, request
from flask_smorest import Blueprint

from models.accounts.keys import Scope
from models.errors import Invalid, field_error
from models.jobs.jobs import Job
from models.jobs.listing import JobFilter
from models.states import ItemStatus
from producer import control
from producer.accept import accept
from producer.documents import schemas
from producer.documents.job_document import job_etag
from producer.resources import jobs
from producer.resources.jobs import find_job
from producer.signals import waiting
from web import bodies, idempotency, limits, pagination
from web.auth import needs, owner

RETRY_SECONDS = 1

blueprint = Blueprint("jobs", __name__, url_prefix="/api/jobs", description="Uploads and their results")


@blueprint.route("", methods=["POST"])
@needs(Scope.WRITE)
@blueprint.doc(**idempotency.documentation)
@blueprint.response(202, schemas.JobSchema)
def create_job() -> Response:
    """Take an upload and answer with its job at once."""
    limits.spend_call(owner())
    wait_seconds = read_preferred_wait()
    with idempotency.hold_key() as hold:
        upload, read_options = bodies.read_upload(request)
        job_id = accept(upload, owner(), read_options, hold)
    read_job = partial(find_job, owner(), job_id)
    if wait_seconds:
        job = waiting.wait_in_slot(owner().workspace_id, job_id, wait_seconds, read_job, only_waiter=hold is None)
        return _respond_to_creation(job, 200 if job.has_ended else 202)
    return _respond_to_creation(read_job(), 202)


@blueprint.route("")
@needs(Scope.READ)
@blueprint.arguments(schemas.JobsQuerySchema, location="query")
@blueprint.response(200, schemas.JobsSchema)
def list_jobs(query: dict[str, Any]) -> Response:
    """List the workspace's jobs, the newest first."""
    job_filter = JobFilter(query.get("status"), search=query.get("search"))
    page = jobs.list_jobs(owner(), job_filter, pagination.read_before(query), query["limit"])
    return pagination.respond(page)


@blueprint.route("/<job_id>")
@needs(Scope.READ)
@blueprint.arguments(schemas.JobQuerySchema, location="query")
@blueprint.response(200, schemas.JobSchema)
def show_job(query: dict[str, Any], job_id: str) -> Response:
    """Show a job. With `?wait=N` the answer is held until something changes, for N seconds at most."""
    job = find_job(owner(), job_id)
    client_is_behind = bool(request.if_none_match) and not _client_has(job)
    if query["wait"] and not job.has_ended and not client_is_behind:
        job = _wait_for_change(job, query["wait"])
    if _client_has(job):
        return _with_etag(make_response("", 304), job)
    return respond_with_job(job)


@blueprint.route("/<job_id>/items")
@needs(Scope.READ)
@blueprint.arguments(schemas.ItemsQuerySchema, location="query")
@blueprint.response(200, schemas.ItemsSchema)
def list_items(query: dict[str, Any], job_id: str) -> Response:
    """List a job's items in input order."""
    job = jobs.find_readable_job(owner(), job_id)
    statuses = parse_statuses(query.get("status"))
    return pagination.respond(jobs.list_items(job, statuses, pagination.read_after(query, -1), query["limit"]))


@blueprint.route("/<job_id>/cancel", methods=["POST"])
@needs(Scope.WRITE)
@blueprint.response(202, schemas.JobSchema)
def cancel_job(job_id: str) -> Response:
    """Stop a job. Rows that were processed keep their results, the rest is unprocessed."""
    job = find_job(owner(), job_id)
    control.cancel(job)
    return respond_with_job(find_job(owner(), job_id), 202)


@blueprint.route("/<job_id>/retry", methods=["POST"])
@needs(Scope.WRITE)
@blueprint.response(202, schemas.JobSchema)
def retry_job(job_id: str) -> Response:
    """Run failed and unprocessed items again, in the same job. No link is created twice."""
    job = find_job(owner(), job_id)
    control.retry(job)
    return respond_with_job(find_job(owner(), job_id), 202)


@blueprint.route("/<job_id>/undo", methods=["POST"])
@needs(Scope.WRITE)
@blueprint.response(202, schemas.JobSchema)
def undo_job(job_id: str) -> Response:
    """Undo a job: start a job that deletes the links it created, except those with clicks."""
    undo_id = control.undo(find_job(owner(), job_id))
    response = respond_with_job(find_job(owner(), undo_id), 202)
    response.headers["Location"] = f"/api/jobs/{undo_id}"
    return response


@blueprint.route("/<job_id>", methods=["DELETE"])
@needs(Scope.WRITE)
@blueprint.response(204)
def forget_job(job_id: str) -> Response:
    """Delete a job that has ended, with its upload and results. Its links are kept."""
    control.forget(find_job(owner(), job_id))
    return Response(status=204)


@blueprint.route("/<job_id>/stats")
@needs(Scope.READ)
@blueprint.response(200, schemas.JobStatsSchema)
def show_job_stats(job_id: str) -> Response:
    """Count the clicks on this job's links, bots excluded: by day for a year, and by referrer, device and country."""
    return jsonify(jobs.job_stats(find_job(owner(), job_id)))


def _respond_to_creation(job: Job, status: int) -> Response:
    response = respond_with_job(job, status)
    response.headers["Location"] = f"/api/jobs/{job.id}"
    if status == 202:
        response.headers["Retry-After"] = str(RETRY_SECONDS)
    return response


def respond_with_job(job: Job, status: int = 200) -> Response:
    return _with_etag(make_response(jsonify(jobs.describe_job(job)), status), job)


def parse_statuses(text: str | None) -> list[str]:
    """Read a list of item statuses, separated by commas."""
    statuses = [name for name in (text or "").split(",") if name]
    unknown = sorted(set(statuses) - set(ItemStatus))
    if unknown:
        message = f"This must be some of {', '.join(ItemStatus)}, separated by commas."
        raise Invalid(f"There is no item status {unknown[0]!r}.", [field_error(message, "status")])
    return statuses


def read_preferred_wait() -> float:
    """Read how long the client would like to wait, from `Prefer: wait=N`."""
    for preference in request.headers.get("Prefer", "").split(","):
        name, _, value = preference.strip().partition("=")
        if name.lower() == "wait" and value.isascii() and value.isdigit():
            return min(float(value), schemas.LONGEST_WAIT)
    return 0.0


def _wait_for_change(job: Job, seconds: float) -> Job:
    etag = job_etag(job)
    return waiting.wait_for_change(
        job.workspace_id,
        job.id,
        min(seconds, schemas.LONGEST_WAIT),
        lambda: find_job(owner(), job.id),
        lambda current: current.has_ended or job_etag(current) != etag,
    )


def _with_etag(response: Response, job: Job) -> Response:
    response.set_etag(job_etag(job))
    return response


def _client_has(job: Job) -> bool:
    """Whether the client has this state of the job. A proxy that compresses makes the tag a weak one."""
    return request.if_none_match.contains_weak(job_etag(job))
