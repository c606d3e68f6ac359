"""`/api/jobs/{id}/results.csv` and `.ndjson`: streamed."""

from typing import Any

from flask import Response, request
from flask_smorest import Blueprint

from models.ids import parse_id
from producer import results
from web.auth import needs
from web.jobs import asked_statuses, find

blueprint = Blueprint("results", __name__, url_prefix="/api/jobs", description="Results of a job, row by row")


@blueprint.route("/<job_id>/results.csv")
@needs("read")
@blueprint.response(200, {"type": "string"}, content_type="text/csv")
def as_csv(job_id: str) -> Response:
    """The upload's own columns, then what became of each row."""
    return _streamed(job_id, results.as_csv, "text/csv; charset=utf-8", "csv")


@blueprint.route("/<job_id>/results.ndjson")
@needs("read")
@blueprint.response(200, {"type": "string"}, content_type="application/x-ndjson")
def as_ndjson(job_id: str) -> Response:
    """The same, as one JSON object a line."""
    return _streamed(job_id, results.as_ndjson, "application/x-ndjson", "ndjson")


def _streamed(job_id: str, write: Any, content_type: str, ending: str) -> Response:
    job = find(parse_id(job_id))
    rows = write(job, asked_statuses(request.args.get("status")))
    name = f'attachment; filename="job-{job.id}.{ending}"'
    return Response(rows, content_type=content_type, headers={"Content-Disposition": name})
