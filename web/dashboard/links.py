"""`/app/links`: create a link, and search links."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, flash, request

from models import cursors
from models.errors import Conflict, Invalid
from models.links.labels import GROUPS, TAGS
from models.links.listing import LinkStatus
from models.links.positions import LinkOrder
from producer.resources import domains, labels, links
from producer.resources.link_creation import create_link as create
from producer.resources.link_fields import encode_fields
from producer.resources.pages import Page
from web.auth import owner
from web.dashboard.frame import forms, pages, phrases
from web.dashboard.selection import read_filter

ROWS = 50
MOST_CHOICES = 200

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
    message = phrases.LINK_CREATED if is_new else phrases.LINK_EXISTED
    flash(message.format_map(link))
    return pages.go_to("app.link.show_link", link_id=link["id"])


@blueprint.get("/links.csv")
def export_links() -> Response:
    """Export all links that match the filter."""
    requested = read_filter(request.args)
    if requested.fault:
        raise Invalid(requested.fault)
    headers = {"Content-Disposition": 'attachment; filename="links.csv"'}
    rows = links.export_links(owner(), requested.query)
    return Response(rows, content_type="text/csv; charset=utf-8", headers=headers)


def _render(status: int, form: Any = None, faults: dict[str, str] | None = None) -> Response:
    requested = read_filter(request.args)
    position = cursors.decode_list_position(request.args.get("cursor", ""))
    order = _read_order()
    page = Page([], None)
    if not requested.fault:
        page = links.list_links(owner(), requested.query, position, ROWS, order)
    return pages.render(
        "links",
        status,
        links=page.items,
        count=_count(requested.query) if page.items else 0,
        most_counted=links.MOST_COUNTED,
        next_cursor=page.next_cursor,
        is_first_page=position is None,
        chosen=requested.texts,
        order=order,
        orders=phrases.ORDERS,
        address=_address(requested.texts, order),
        filter_fault=requested.fault,
        statuses=list(LinkStatus),
        form=form or {},
        faults=faults or {},
        **list_choices(),
    )


def _read_order() -> LinkOrder:
    name = request.args.get("sort", "")
    return LinkOrder(name) if name in phrases.ORDERS else LinkOrder.NEWEST


def _address(texts: Mapping[str, str], order: LinkOrder) -> dict[str, str]:
    """The parameters of this list in its address."""
    if order == LinkOrder.NEWEST:
        return dict(texts)
    return {**texts, "sort": order}


def _count(query: dict[str, Any]) -> int:
    """Count what matches, no further than it takes a moment: a dry run counts the rest."""
    return links.count_links(owner(), query, links.MOST_COUNTED + 1)


def list_choices() -> dict[str, Any]:
    """Return the domains, groups and tags that forms offer."""
    return {
        "domains": domains.list_domains(owner(), 0, MOST_CHOICES).items,
        "groups": labels.list_labels(owner(), GROUPS, "0", MOST_CHOICES).items,
        "tags": labels.list_labels(owner(), TAGS, "0", MOST_CHOICES).items,
    }
