"""`/app/jobs`: the jobs of a workspace, the newest first."""

from typing import Any

from flask import Blueprint, Response, request, url_for

from models import settings
from models.jobs.listing import JobFilter, JobState
from producer.job_options import LONGEST_NAME
from producer.resources import jobs
from web import pagination
from web.auth import owner
from web.dashboard.frame import pages

ROWS = 50
STATES = tuple(JobState)
LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "[::1]")

blueprint = Blueprint("jobs", __name__)


@blueprint.get("/jobs")
def list_jobs() -> Response:
    state = request.args.get("state")
    if state not in STATES:
        state = None
    search = request.args.get("search", "").strip()[:LONGEST_NAME]
    chosen: dict[str, Any] = {name: value for name, value in (("state", state), ("search", search)) if value}
    before = pagination.read_before(request.args)
    page = jobs.list_jobs(owner(), JobFilter(**chosen), before, ROWS)
    next_url = url_for(".list_jobs", cursor=page.next_cursor, **chosen) if page.next_cursor else None
    return pages.render(
        "jobs",
        jobs=page.items,
        chosen=chosen,
        states=STATES,
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
