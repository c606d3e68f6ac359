"""The dashboard: pages for people at `/app`."""

from flask import Blueprint, Response, redirect, url_for
from werkzeug.exceptions import HTTPException

from models.errors import LinkmillError, NotFound
from web.dashboard import (
    domains,
    job,
    job_actions,
    jobs,
    keys,
    labels,
    link,
    links,
    many,
    overview,
    sign_in,
    upload,
    usage,
    webhooks,
)
from web.dashboard.frame import access, assets, pages, phrases

PARTS = (
    sign_in, assets, overview, upload, jobs, job, job_actions, links, link, many, domains, labels, webhooks, keys,
    usage,
)  # fmt: skip
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
ROBOTS = "User-agent: *\nDisallow: /app\nDisallow: /api\nDisallow: /docs\n"
"""Short links may be followed: their owner decides by their destination who finds it."""


@front.get("/")
def show_front() -> Response:
    return redirect(url_for("app.show_home"), 302)  # type: ignore[return-value]


@front.get("/favicon.ico")
def send_icon() -> Response:
    return assets.send_icon()


@front.get("/robots.txt")
def send_robots() -> Response:
    return Response(ROBOTS, content_type="text/plain; charset=utf-8")


@blueprint.get("")
def show_home() -> Response:
    return redirect(url_for("app.overview.show_overview"), 302)  # type: ignore[return-value]


@blueprint.route("/<path:path>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
def refuse_unknown_page(path: str) -> Response:
    raise NotFound(phrases.NO_PAGE.format(path=path))
