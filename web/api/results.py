"""`/api/jobs/{id}/results.csv`, `.ndjson` and `qr.zip`: streamed."""

from typing import Any

from flask import Response, request
from flask_smorest import Blueprint

from models.errors import Invalid, field_error
from models.ids import parse_id
from producer.documents import qr_zip, results, schemas
from web.api.jobs import asked_statuses, kept
from web.auth import needs

ZIP = "application/zip"
STATUS = {"in": "query", "name": "status", "schema": {"type": "string"}, "description": "some of them, by commas"}

blueprint = Blueprint("results", __name__, url_prefix="/api/jobs", description="Results of a job, row by row")


@blueprint.route("/<job_id>/results.csv")
@needs("read")
@blueprint.doc(parameters=[STATUS])
@blueprint.response(200, {"type": "string"}, content_type="text/csv")
def as_csv(job_id: str) -> Response:
    """The upload's own columns, then what became of each row."""
    return _streamed(job_id, results.as_csv, "text/csv; charset=utf-8", "csv")


@blueprint.route("/<job_id>/results.ndjson")
@needs("read")
@blueprint.doc(parameters=[STATUS])
@blueprint.response(200, {"type": "string"}, content_type="application/x-ndjson")
def as_ndjson(job_id: str) -> Response:
    """The same, as one JSON object a line."""
    return _streamed(job_id, results.as_ndjson, "application/x-ndjson", "ndjson")


@blueprint.route("/<job_id>/qr.zip")
@needs("read")
@blueprint.arguments(schemas.QrZipQuery, location="query")
@blueprint.response(200, {"type": "string", "format": "binary"}, content_type=ZIP)
def as_qr_codes(query: dict[str, Any], job_id: str) -> Response:
    """QR codes of its links that are still there, each named by its row's index and its slug."""
    job = kept(parse_id(job_id))
    first, limit = query.pop("first", None), query.pop("limit")
    if first is None and (job.total or 0) > limit:
        field = field_error("This must be the index of the first row.", "first")
        raise Invalid(f"the job has {job.total:,} rows: ask for {limit:,} at a time, from ?first=0 on", [field])
    name = f'attachment; filename="job-{job.id}.zip"'
    codes = qr_zip.stream(job, first or 0, limit, query.pop("format"), **query)
    return Response(codes, content_type=ZIP, headers={"Content-Disposition": name})


def _streamed(job_id: str, write: Any, content_type: str, ending: str) -> Response:
    job = kept(parse_id(job_id))
    rows = write(job, asked_statuses(request.args.get("status")))
    name = f'attachment; filename="job-{job.id}.{ending}"'
    return Response(rows, content_type=content_type, headers={"Content-Disposition": name})
