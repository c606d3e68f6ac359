"""The dashboard: pages for people at `/app`."""

from flask import Blueprint, Response, redirect, url_for
from werkzeug.exceptions import HTTPException

from models.errors import LinkmillError, NotFound
from web.dashboard import job, job_actions, jobs, keys, link, links, sign_in, upload, usage, webhooks
from web.dashboard.frame import door, files, pages

PARTS = (sign_in, files, upload, jobs, job, job_actions, links, link, webhooks, keys, usage)
"""Each has a `blueprint` below /app: another page is another file, and its name here and in pages.NAVIGATION."""

blueprint = Blueprint("app", __name__, url_prefix="/app", template_folder="../pages")
blueprint.before_request(door.let_in)
blueprint.after_request(door.close)
blueprint.context_processor(pages.everywhere)
blueprint.register_error_handler(LinkmillError, pages.of_ours)
blueprint.register_error_handler(HTTPException, pages.of_http)
for away in pages.AWAY:
    blueprint.register_error_handler(away, pages.of_database)
blueprint.register_error_handler(Exception, pages.of_surprise)
for name, change in pages.FILTERS.items():
    blueprint.add_app_template_filter(change, name)
for part in PARTS:
    blueprint.register_blueprint(part.blueprint)

front = Blueprint("front", __name__)


@front.get("/")
def lead_in() -> Response:
    return redirect(url_for("app.home"), 302)  # type: ignore[return-value]


@blueprint.get("")
def home() -> Response:
    return redirect(url_for("app.jobs.listed"), 302)  # type: ignore[return-value]


@blueprint.route("/<path:rest>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
def nothing(rest: str) -> Response:
    raise NotFound(f"there is no page {rest}")
