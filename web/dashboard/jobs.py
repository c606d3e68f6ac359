"""`/app/jobs`: the jobs of a workspace, the newest first."""

from flask import Blueprint, Response, request, url_for

from models import settings
from models.states import JobStatus
from producer.resources import jobs
from web import pagination
from web.auth import owner
from web.dashboard.frame import pages

ROWS = 50
STATUSES = tuple(JobStatus)
LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "[::1]")

blueprint = Blueprint("jobs", __name__)


@blueprint.get("/jobs")
def list_jobs() -> Response:
    status = request.args.get("status")
    if status not in STATUSES:
        status = None
    before = pagination.read_before(request.args)
    page = jobs.list_jobs(owner(), status, before, ROWS)
    next_url = url_for(".list_jobs", status=status, cursor=page.next_cursor) if page.next_cursor else None
    return pages.render(
        "jobs",
        jobs=page.items,
        status=status,
        statuses=STATUSES,
        is_first_page=before is None,
        next_url=next_url,
        limit=ROWS,
        flower=_flower_url(),
    )


def _flower_url() -> str | None:
    """Flower listens on loopback only, so its address helps only a user of the same machine."""
    host = request.host.rpartition(":")[0] or request.host
    if host not in LOOPBACK_HOSTS:
        return None
    return f"http://127.0.0.1:{settings.get().flower_port}/"
