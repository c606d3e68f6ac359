"""`/app/jobs`: the jobs of a workspace, the newest first."""

from flask import Blueprint, Response, request, url_for

from models import settings, store
from models.ids import parse_id
from models.jobs import jobs
from models.jobs.states import JobStatus
from producer.documents.job_document import job_document
from web.auth import owner
from web.dashboard.frame import pages

ROWS = 50
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")

blueprint = Blueprint("jobs", __name__)


@blueprint.get("/jobs")
def listed() -> Response:
    status = request.args.get("status") if request.args.get("status") in tuple(JobStatus) else None
    before = parse_id(request.args.get("cursor", "")) or None
    with store.read() as db:
        rows = jobs.page(db, owner().workspace_id, status, before, ROWS + 1)
    more = url_for(".listed", status=status, cursor=rows[ROWS - 1].id) if len(rows) > ROWS else None
    found = [job_document(row, {}) for row in rows[:ROWS]]
    listing = {"status": status, "statuses": tuple(JobStatus), "before": before, "more": more, "limit": ROWS}
    return pages.page("jobs", jobs=found, flower=_flower(), **listing)


def _flower() -> str | None:
    """Flower listens on loopback alone: its address is of use to whoever sits at that machine."""
    here = request.host.rpartition(":")[0] or request.host
    return f"http://127.0.0.1:{settings.get().flower_port}/" if here in LOOPBACK else None
