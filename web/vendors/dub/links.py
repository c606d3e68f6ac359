"""Dub's calls about links that exist: list, count, show, change and delete."""

from typing import Any

from flask import Response, request

from models.accounts.keys import Owner
from models.errors import Invalid, NotFound
from producer.resources import links
from web.vendors.call import read_body
from web.vendors.dub.fields import parse_change, split_commas
from web.vendors.dub.link_shape import describe_links
from web.vendors.tags import ARCHIVED
from web.vendors.vendor import json_response

EXTERNAL_ID_PREFIX = "ext_"
LARGEST_PAGE = 100
LARGEST_PAGE_NUMBER = 10_000
MOST_WANTED_TAGS = 100  # each is looked up by itself
UNSUPPORTED_FILTERS = ("folderId", "userId", "tenantId", "endingBefore", "groupBy")
"""They would narrow the answer. A client that then deletes what it lists must not get more links than it asked for."""
ONLY_ORDER = {"sort": "createdAt", "sortBy": "createdAt", "sortOrder": "desc"}


def list_links(owner: Owner) -> Response:
    query = _read_query()
    page = _read_number("page", 1, LARGEST_PAGE_NUMBER)
    page_size = _read_number("pageSize", LARGEST_PAGE, LARGEST_PAGE)
    after = request.args.get("startingAfter")
    if after:
        documents = links.list_links(owner, query, links.position_of(owner, after), page_size).items
    else:
        documents = links.list_from(owner, query, (page - 1) * page_size, page_size)
    return json_response(describe_links(documents, owner), 200)


def count_links(owner: Owner) -> Response:
    return json_response(links.count_links(owner, _read_query()), 200)


def show_link(owner: Owner) -> Response:
    """Show the link with this linkId, externalId, or domain and key."""
    link_id = request.args.get("linkId")
    external_id = request.args.get("externalId")
    key = request.args.get("key")
    if link_id:
        link = find_link(owner, link_id)
    elif external_id:
        link = find_link(owner, external_id_reference(external_id))
    elif key:
        link = links.show_link_of_slug(owner, request.args.get("domain"), key)
    else:
        raise Invalid("Send linkId, externalId, or domain and key.")
    return json_response(describe_links([link], owner)[0], 200)


def change_link(owner: Owner, link_id: str) -> Response:
    link = find_link(owner, link_id)
    changed = links.change_link(owner, link["id"], parse_change(read_body(), link, owner))
    return json_response(describe_links([changed], owner)[0], 200)


def remove_link(owner: Owner, link_id: str) -> Response:
    link = find_link(owner, link_id)
    links.remove_link(owner, link["id"])
    return json_response({"id": link["id"]}, 200)


def find_link(owner: Owner, link_id: str) -> dict[str, Any]:
    """Return the document of a link by its id, or by its external id after `ext_`."""
    if "\0" in link_id:  # PostgreSQL refuses such text
        raise NotFound("There is no such link.")
    if link_id.startswith(EXTERNAL_ID_PREFIX):
        return links.show_link_of_external_id(owner, link_id.removeprefix(EXTERNAL_ID_PREFIX))
    return links.show_link(owner, link_id)


def external_id_reference(external_id: str) -> str:
    return external_id if external_id.startswith(EXTERNAL_ID_PREFIX) else EXTERNAL_ID_PREFIX + external_id


def _read_query() -> dict[str, Any]:
    """Translate the filters of a list into ours."""
    parameters = request.args
    for name in UNSUPPORTED_FILTERS:
        if parameters.get(name):
            raise Invalid(f"{name} is not supported.")
    for name, value in ONLY_ORDER.items():
        if parameters.get(name, value) != value:
            raise Invalid(f"{name} must be {value}: links are listed by the time of their creation, the newest first.")
    query: dict[str, Any] = {name: parameters[name] for name in ("search", "domain") if parameters.get(name)}
    wanted_tags = []
    for name in ("tagId", "tagIds", "tagNames"):
        for text in parameters.getlist(name):
            wanted_tags += split_commas(text)
    if len(wanted_tags) > MOST_WANTED_TAGS:
        raise Invalid(f"A filter may have at most {MOST_WANTED_TAGS} tags.")
    if wanted_tags:
        query["any_tags"] = wanted_tags
    if parameters.get("showArchived") != "true":
        query["without_tag"] = ARCHIVED
    if any("\0" in str(value) for value in query.values()):
        raise Invalid("A filter has a character that no link has.")
    return query


def _read_number(name: str, default: int, largest: int) -> int:
    text = request.args.get(name) or str(default)
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(largest)) and 1 <= int(text) <= largest):
        raise Invalid(f"{name} must be a number from 1 to {largest:,}.")
    return int(text)
