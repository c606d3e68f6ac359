"""`/app/links`: create a link, search links, and change one or many."""

from typing import Any, NamedTuple

from flask import Blueprint, Response, flash, redirect, request, url_for
from marshmallow import ValidationError

from models import cursors
from models.errors import Conflict, Invalid, NotFound
from models.links.labels import GROUPS, TAGS
from models.links.listing import LinkStatus
from producer.documents import schemas
from producer.resources import domains, labels, links
from producer.resources.link_creation import create_link as create
from producer.resources.link_fields import encode_fields
from producer.resources.pages import Page
from web.auth import owner
from web.dashboard.frame import forms, pages

ROWS = 50
MOST_CHOICES = 200
FILTER_FIELDS = ("search", "tag", "group", "job", "status")
PAST_TENSE = {"disable": "disabled", "enable": "enabled", "delete": "deleted"}

blueprint = Blueprint("links", __name__)


@blueprint.get("/links")
def list_links() -> Response:
    return _render(200)


@blueprint.post("/links")
def create_link() -> Response:
    fields = forms.read_fields(request.form, (*forms.LINK_FIELDS, "slug", "domain"))
    try:
        link, is_new = create(owner(), encode_fields(fields))
    except (Invalid, Conflict) as error:
        return _render(422, request.form, forms.faults_by_field(error))
    flash(f"{link['short_url']} is created." if is_new else f"{link['short_url']} existed already.")
    return pages.go_to("app.link.show_link", link_id=link["id"])


@blueprint.get("/links.csv")
def export_links() -> Response:
    """Export all links that match the filter."""
    requested = _read_filter()
    if requested.fault:
        raise Invalid(requested.fault)
    headers = {"Content-Disposition": 'attachment; filename="links.csv"'}
    rows = links.export_links(owner(), requested.query)
    return Response(rows, content_type="text/csv; charset=utf-8", headers=headers)


@blueprint.post("/links/many")
def change_many() -> Response:
    """Do the same to each selected link. Deleting asks for confirmation first."""
    action = request.form.get("action", "")
    link_ids = _selected_ids()
    if not link_ids:
        flash("Select some links first.", "bad")
        return _go_back()
    if action not in PAST_TENSE:
        flash("There is no such action.", "bad")
        return _go_back()
    if action == "delete" and "sure" not in request.form:
        return _confirm_deletion(link_ids)
    changed = sum(_change_one(action, link_id) for link_id in link_ids)
    flash(f"{_count_links(changed)} {PAST_TENSE[action]}.")
    return _go_back()


def _render(status: int, form: Any = None, faults: dict[str, str] | None = None) -> Response:
    requested = _read_filter()
    position = cursors.decode_position(request.args.get("cursor", ""))
    page = Page([], None)
    if not requested.fault:
        page = links.list_links(owner(), requested.query, position, ROWS)
    return pages.render(
        "links",
        status,
        links=page.items,
        next_cursor=page.next_cursor,
        is_first_page=position is None,
        chosen=requested.query,
        filter_fault=requested.fault,
        statuses=list(LinkStatus),
        form=form or {},
        faults=faults or {},
        **list_choices(),
    )


def list_choices() -> dict[str, Any]:
    """Return the domains, groups and tags that forms offer."""
    return {
        "domains": domains.list_domains(owner(), 0, MOST_CHOICES).items,
        "groups": labels.list_labels(owner(), GROUPS, "0", MOST_CHOICES).items,
        "tags": labels.list_labels(owner(), TAGS, "0", MOST_CHOICES).items,
    }


class RequestedFilter(NamedTuple):
    """The filter in the address of a page, or what is wrong with it."""

    query: dict[str, str]
    fault: str = ""


def _read_filter() -> RequestedFilter:
    values = {name: request.args.get(name, "").strip() for name in FILTER_FIELDS}
    try:
        query = schemas.LinksQuerySchema().load({name: value for name, value in values.items() if value})
    except ValidationError as error:
        faults = forms.schema_faults_by_field(error)
        return RequestedFilter({}, "; ".join(f"{name}: {message}" for name, message in faults.items()))
    query.pop("limit")
    return RequestedFilter(query)


def _selected_ids() -> list[str]:
    """Return the selected links: each in a field of its own, or all in one field from the confirmation page."""
    link_ids = [*request.form.getlist("link"), *request.form.get("links", "").split()]
    return list(dict.fromkeys(link_ids))[:ROWS]


def _change_one(action: str, link_id: str) -> bool:
    """Change a link; return False when it has been deleted in the meantime."""
    try:
        if action == "delete":
            links.remove_link(owner(), link_id)
        else:
            links.change_link(owner(), link_id, {"disabled": action == "disable"})
    except NotFound:
        return False
    return True


def _confirm_deletion(link_ids: list[str]) -> Response:
    heading = f"Delete {_count_links(len(link_ids))}"
    return pages.render(
        "confirm",
        heading=f"{heading}?",
        text="They stop working and their click counts are deleted. Their slugs can be used again.",
        button=heading,
        back=_list_url(),
        carried={
            "action": "delete",
            "sure": "yes",
            "links": " ".join(link_ids),
            "query": request.form.get("query", ""),
        },
    )


def _count_links(number: int) -> str:
    return "1 link" if number == 1 else f"{number:,} links"


def _go_back() -> Response:
    return redirect(_list_url(), 303)  # type: ignore[return-value]


def _list_url() -> str:
    """Return the address of the list with the filter that it had."""
    query = request.form.get("query", "")
    if not query or not query.isascii() or not query.isprintable():
        return url_for(".list_links")
    return f"{url_for('.list_links')}?{query}"
