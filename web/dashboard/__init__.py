"""The dashboard: pages for people at `/app`."""

from flask import Blueprint, Response, redirect, url_for
from werkzeug.exceptions import HTTPException

from models.errors import LinkmillError, NotFound
from web.dashboard import job, job_actions, jobs, keys, link, links, many, sign_in, upload, usage, webhooks
from web.dashboard.frame import access, assets, pages

PARTS = (sign_in, assets, upload, jobs, job, job_actions, links, link, many, webhooks, keys, usage)
"""Each has a `blueprint` below /app. Another page is another file, named here and in pages.NAVIGATION."""

blueprint = Blueprint("app", __name__, url_prefix="/app", template_folder="../pages")
blueprint.before_request(access.check)
blueprint.after_request(access.add_headers)
blueprint.context_processor(pages.template_context)
blueprint.register_error_handler(LinkmillError, pages.show_error)
blueprint.register_error_handler(HTTPException, pages.show_http_exception)
blueprint.register_error_handler(Exception, pages.show_failure)
for name, convert in pages.FILTERS.items():
    blueprint.add_app_template_filter(convert, name)
for part in PARTS:
    blueprint.register_blueprint(part.blueprint)

front = Blueprint("front", __name__)

BLUEPRINTS = (blueprint, front)


@front.get("/")
def show_front() -> Response:
    return redirect(url_for("app.show_home"), 302)  # type: ignore[return-value]


@blueprint.get("")
def show_home() -> Response:
    return redirect(url_for("app.jobs.list_jobs"), 302)  # type: ignore[return-value]


@blueprint.route("/<path:path>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
def refuse_unknown_page(path: str) -> Response:
    raise NotFound(f"There is no page {path}.")
