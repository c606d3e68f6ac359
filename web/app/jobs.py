"""`/app/jobs`: the jobs of a workspace, the newest first."""

from flask import Blueprint, Response, request, url_for

from models import jobs, store
from models.ids import parse_id
from producer import shapes
from web.app import pages
from web.auth import owner

ROWS = 50

blueprint = Blueprint("jobs", __name__)


@blueprint.get("/jobs")
def listed() -> Response:
    status = request.args.get("status") if request.args.get("status") in jobs.STATUSES else None
    before = parse_id(request.args.get("cursor", "")) or None
    with store.read() as db:
        rows = jobs.page(db, owner().workspace_id, status, before, ROWS + 1)
    more = url_for(".listed", status=status, cursor=rows[ROWS - 1].id) if len(rows) > ROWS else None
    found = [shapes.job(row, {}) for row in rows[:ROWS]]
    return pages.page("jobs", jobs=found, status=status, statuses=jobs.STATUSES, before=before, more=more)
