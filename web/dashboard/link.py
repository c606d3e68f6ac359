"""`/app/links/{id}`: a link, its clicks, and a form to change it."""

from flask import Blueprint, Response, flash, request, url_for

from models.errors import Conflict, Invalid
from producer.resources import links
from web.auth import owner
from web.dashboard.frame import charts, forms, pages, phrases
from web.dashboard.links import list_choices

blueprint = Blueprint("link", __name__, url_prefix="/links/<link_id>")


@blueprint.get("")
def show_link(link_id: str) -> Response:
    return _render(link_id, 200)


@blueprint.post("")
def change_link(link_id: str) -> Response:
    link = links.show_link(owner(), link_id)
    try:
        links.change_link(owner(), link_id, forms.read_changes(link, request.form))
    except (Invalid, Conflict) as error:
        return _render(link_id, 422, forms.faults_by_field(error))
    flash(phrases.LINK_SAVED)
    return pages.go_to(".show_link", link_id=link_id)


@blueprint.post("/disable")
def disable_link(link_id: str) -> Response:
    return _set_disabled(link_id, True, phrases.LINK_DISABLED)


@blueprint.post("/enable")
def enable_link(link_id: str) -> Response:
    return _set_disabled(link_id, False, phrases.LINK_ENABLED)


@blueprint.route("/delete", methods=["GET", "POST"])
def delete_link(link_id: str) -> Response:
    short_url = links.short_url(owner(), link_id)
    if request.method == "POST":
        links.remove_link(owner(), link_id)
        flash(phrases.LINK_DELETED.format(short_url=short_url))
        return pages.go_to("app.links.list_links")
    return pages.ask(phrases.DELETE_LINK, url_for(".show_link", link_id=link_id), short_url=short_url)


def _set_disabled(link_id: str, disabled: bool, message: str) -> Response:
    links.change_link(owner(), link_id, {"disabled": disabled})
    flash(message)
    return pages.go_to(".show_link", link_id=link_id)


def _render(link_id: str, status: int, faults: dict[str, str] | None = None) -> Response:
    link = links.show_link(owner(), link_id)
    span = charts.read_span(request.args)
    stats = links.link_stats(owner(), link_id, span.first_day)
    return pages.render(
        "link",
        status,
        link=link,
        form=request.form if faults else forms.fill(link),
        faults=faults or {},
        stats=stats,
        span=span,
        days=charts.chart_days(stats["by_day"], span),
        shares=charts.all_shares(stats),
        **list_choices(),
    )
