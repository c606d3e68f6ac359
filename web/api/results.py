"""`/api/jobs/{id}/results.csv`, `.ndjson` and `qr.zip`: streamed."""

from collections.abc import Callable, Iterator
from typing import Any

from flask import Response
from flask_smorest import Blueprint

from models.accounts.keys import Scope
from models.errors import Invalid, field_error
from models.jobs.jobs import Job
from producer.documents import qr_zip, results, schemas
from producer.documents.results import ResultQuery
from producer.intake.layouts import CLICK_COLUMNS
from producer.resources.jobs import find_readable_job
from web.api.jobs import parse_statuses
from web.auth import needs, owner

ZIP = "application/zip"
Writer = Callable[[Job, ResultQuery], Iterator[bytes]]
blueprint = Blueprint("results", __name__, url_prefix="/api/jobs", description="Results of a job, row by row")


@blueprint.route("/<job_id>/results.csv")
@needs(Scope.READ)
@blueprint.arguments(schemas.ResultsQuerySchema, location="query")
@blueprint.response(200, {"type": "string"}, content_type="text/csv")
def stream_csv(query: dict[str, Any], job_id: str) -> Response:
    """Stream the upload's own columns, each row with its result."""
    return _stream(job_id, query, results.as_csv, "text/csv; charset=utf-8", "csv")


@blueprint.route("/<job_id>/results.ndjson")
@needs(Scope.READ)
@blueprint.arguments(schemas.ResultsQuerySchema, location="query")
@blueprint.response(200, {"type": "string"}, content_type="application/x-ndjson")
def stream_ndjson(query: dict[str, Any], job_id: str) -> Response:
    """Stream the same as one JSON object a line."""
    return _stream(job_id, query, results.as_ndjson, "application/x-ndjson", "ndjson")


@blueprint.route("/<job_id>/qr.zip")
@needs(Scope.READ)
@blueprint.arguments(schemas.QrZipQuerySchema, location="query")
@blueprint.response(200, {"type": "string", "format": "binary"}, content_type=ZIP)
def stream_qr_codes(query: dict[str, Any], job_id: str) -> Response:
    """Stream the QR codes of its links that still exist. A file is named by the row's index and the slug."""
    job = find_readable_job(owner(), job_id)
    first = query.pop("first", None)
    limit = query.pop("limit")
    image_format = query.pop("format")
    if first is None and (job.total or 0) > limit:
        message = "This must be the index of the first row."
        detail = f"The job has {job.total:,} rows. Ask for {limit:,} at a time, from ?first=0 on."
        raise Invalid(detail, [field_error(message, "first")])
    codes = qr_zip.stream(job, first or 0, limit, image_format, **query)
    return _attachment(job, codes, ZIP, "zip")


def _stream(job_id: str, query: dict[str, Any], write: Writer, content_type: str, extension: str) -> Response:
    job = find_readable_job(owner(), job_id)
    columns = [name for name in query.get("columns", "").split(",") if name]
    shows_clicks = query["clicks"] or not set(CLICK_COLUMNS).isdisjoint(columns)
    result_query = ResultQuery(parse_statuses(query.get("status")), shows_clicks, query["clicked"], columns)
    return _attachment(job, write(job, result_query), content_type, extension)


def _attachment(job: Job, chunks: Iterator[bytes], content_type: str, extension: str) -> Response:
    disposition = f'attachment; filename="job-{job.id}.{extension}"'
    return Response(chunks, content_type=content_type, headers={"Content-Disposition": disposition})
