"""`/app/links/{id}`: a link, who came, and what can be changed about it."""

from flask import Blueprint, Response, flash, request

from models import store
from models.clicks import click_counts
from models.errors import Conflict, Invalid
from producer.documents.link_document import link_documents, link_stats_document
from web.api import link as api
from web.dashboard.frame import charts, forms, pages
from web.dashboard.links import choices

blueprint = Blueprint("link", __name__, url_prefix="/links/<link_id>")


@blueprint.get("")
def one(link_id: str) -> Response:
    return _page(link_id, 200)


@blueprint.post("")
def change(link_id: str) -> Response:
    with store.read() as db:
        link = link_documents(db, [api.find(db, link_id)])[0]
    try:
        api.changed(link_id, forms.changes(link, request.form))
    except (Invalid, Conflict) as error:
        return _page(link_id, 422, forms.faults(error))
    flash("The link is changed.")
    return pages.go(".one", link_id=link_id)


@blueprint.post("/disable")
def disable(link_id: str) -> Response:
    return _switch(link_id, True, "The link is disabled: whoever follows it finds nothing.")


@blueprint.post("/enable")
def enable(link_id: str) -> Response:
    return _switch(link_id, False, "The link leads on again.")


@blueprint.route("/delete", methods=["GET", "POST"])
def delete(link_id: str) -> Response:
    with store.read() as db:
        link = link_documents(db, [api.find(db, link_id)])[0]
    if request.method == "POST":
        api.removed(link_id)
        flash(f"{link['short_url']} is deleted.")
        return pages.go("app.links.listed")
    text = f"{link['short_url']} leads nowhere any more, and what was counted of it is gone. Its slug is free again."
    return pages.page(
        "confirm", heading="Delete this link?", text=text, button="Delete it", back=f"/app/links/{link_id}"
    )


def _switch(link_id: str, disabled: bool, told: str) -> Response:
    api.changed(link_id, {"disabled": disabled})
    flash(told)
    return pages.go(".one", link_id=link_id)


def _page(link_id: str, status: int, faults: dict[str, str] | None = None) -> Response:
    with store.read() as db:
        row = api.find(db, link_id)
        link, names = link_documents(db, [row])[0], choices(db)
        stats = link_stats_document(click_counts.of_link(db, row.key))
    given = request.form if faults else forms.filled(link)
    drawn = {
        "days": charts.days(stats["by_day"]),
        "referrers": charts.shares(stats["by_referrer"], "referrer", "direct"),
        "devices": charts.shares(stats["by_device"], "device", "other"),
        "countries": charts.shares(stats["by_country"], "country", "unknown"),
    }
    return pages.page("link", status, link=link, given=given, faults=faults or {}, stats=stats, **drawn, **names)
