"""Short.io's calls about links that exist: list, show, change and delete."""

from datetime import UTC, datetime
from typing import Any

from flask import Response, request

from models import cursors
from models.accounts.keys import Owner
from models.cursors import ListPosition
from models.errors import Invalid, NotFound
from producer.fields import item_rules
from producer.fields.item_rules import InvalidValue
from producer.resources import links
from web.vendors.call import read_body
from web.vendors.short_io.fields import parse_change
from web.vendors.short_io.link_shape import describe_link
from web.vendors.short_io.places import exact_id
from web.vendors.vendor import json_response

LARGEST_PAGE = 150
UNSUPPORTED_FILTERS = ("createdAt", "folderId")
TIME_FILTERS = {"created_before": "beforeDate", "created_after": "afterDate"}


def list_links(owner: Owner) -> Response:
    """List the links of a domain in pages, the newest first."""
    link_id = request.args.get("idString")
    if link_id:
        return _list_answer(owner, [links.show_link(owner, link_id)], None)
    page = links.list_links(owner, _read_query(owner), _read_position(), _read_limit())
    return _list_answer(owner, page.items, page.next_cursor)


def _list_answer(owner: Owner, documents: list[dict[str, Any]], next_page: str | None) -> Response:
    shapes = [describe_link(link, owner.workspace_id) for link in documents]
    return json_response({"count": len(shapes), "links": shapes, "nextPageToken": next_page}, 200)


def show_link(owner: Owner, link_id: str) -> Response:
    return _answer(owner, links.show_link(owner, link_id))


def show_link_of_path(owner: Owner) -> Response:
    """Show the link with this domain and path."""
    domain = request.args.get("domain", "")
    path = request.args.get("path", "")
    if not domain or not path:
        raise Invalid("Send domain and path.")
    return _answer(owner, links.show_link_of_slug(owner, domain, path))


def change_link(owner: Owner, link_id: str) -> Response:
    link = links.show_link(owner, link_id)
    return _answer(owner, links.change_link(owner, link["id"], parse_change(read_body(), link, owner)))


def remove_link(owner: Owner, link_id: str) -> Response:
    links.remove_link(owner, link_id)
    return json_response({"success": True, "idString": link_id}, 200)


def _answer(owner: Owner, link: dict[str, Any]) -> Response:
    return json_response(describe_link(link, owner.workspace_id), 200)


def _read_query(owner: Owner) -> dict[str, Any]:
    """Translate the filters of a list into ours."""
    for name in UNSUPPORTED_FILTERS:
        if request.args.get(name):
            raise Invalid(f"{name} is not supported.")
    if request.args.get("dateSortOrder", "desc") != "desc":
        raise Invalid("dateSortOrder must be desc.")
    domain_id = request.args.get("domain_id", "")
    if not domain_id.isdecimal():
        raise Invalid("domain_id must be the id of a domain.")
    query: dict[str, Any] = {"domain": exact_id(owner, domain_id)}
    for name, spelling in TIME_FILTERS.items():
        if request.args.get(spelling):
            query[name] = _read_time(spelling)
    return query


def _read_time(name: str) -> datetime:
    try:
        return datetime.fromisoformat(item_rules.expires_at(request.args[name])).replace(tzinfo=UTC)
    except InvalidValue:
        raise Invalid(f"{name} must be a time such as 2030-01-01T00:00:00Z.") from None


def _read_limit() -> int:
    limit = request.args.get("limit", LARGEST_PAGE, type=int)
    if not 1 <= limit <= LARGEST_PAGE:
        raise Invalid(f"limit must be a number from 1 to {LARGEST_PAGE}.")
    return limit


def _read_position() -> ListPosition | None:
    token = request.args.get("pageToken")
    if not token:
        return None
    position = cursors.decode_list_position(token)
    if position is None:
        raise NotFound("pageToken must be the nextPageToken of a page.")
    return position
