"""Dub's calls that create links: `POST /links/bulk`, an array in and an array out, and `POST /links` for one."""

from typing import Any

from models.accounts.domains import short_url
from models.accounts.keys import Owner
from models.errors import Invalid
from models.jobs.items import LinkedItem
from models.states import ItemStatus
from producer import random_slugs
from producer.documents import base_urls
from producer.documents.base_urls import BaseUrls
from producer.documents.times import iso_time
from producer.fields.wide_slugs import SlugKind
from web.auth import owner as current_owner
from web.vendors import single, tags
from web.vendors.dub.errors import build_failure
from web.vendors.dub.fields import parse_link, read_tag_names
from web.vendors.dub.link_shape import describe_link, describe_links
from web.vendors.vendor import FinishedCall, ItemFields, VendorRequest, read_object


def parse_bulk_request(body: Any, owner: Owner) -> VendorRequest:
    if not isinstance(body, list):
        raise Invalid("The body must be an array of links.")
    tag_names = read_tag_names(body, owner)
    items = [parse_link(link, tag_names) for link in body]
    random_slugs.fill(items, owner)
    return VendorRequest(items, slugs=SlugKind.WIDE, context=body)


def parse_single_request(body: Any, owner: Owner) -> VendorRequest:
    return parse_bulk_request([read_object(body)], owner)


def build_bulk_answer(call: FinishedCall) -> Any:
    results = call.read_linked_items()
    tags_of_links = tags.read_tags(call, results)
    short_url_starts = base_urls.read(call.job, results)
    answer = []
    for result, item, link in zip(results, call.request.items, call.request.context, strict=True):
        if result.slug:  # also of a link that an external id found
            tag_ids = {name: tag_id for tag_id, name in tags_of_links.get(call.link_key(result), [])}
            document = _document(call, result, item, short_url_starts) | {"tags": list(tag_ids)}
            shape = describe_link(document, tag_ids, call.job.workspace_id)
            answer.append(shape | {"password": _password(result, item)})
        else:
            answer.append(build_failure(result, link))
    return answer


def build_single_answer(call: FinishedCall) -> Any:
    result, document = single.read_link(call)
    shape = describe_links([document], current_owner())[0]
    return shape | {"password": _password(result, call.request.items[0])}


def _document(call: FinishedCall, result: LinkedItem, item: ItemFields, short_url_starts: BaseUrls) -> dict[str, Any]:
    """Say of a link what its document would, without reading it again."""
    assert result.slug
    return {
        "id": call.link_id(result),
        "slug": result.slug,
        "short_url": short_url(short_url_starts[result.domain_id], result.slug),
        "url": result.url or item["url"],
        "external_id": item.get("external_id"),
        "title": result.title,
        "comment": item.get("comment"),
        "expires_at": iso_time(result.expires_at),
        "clicks": 0,
        "created_at": iso_time(result.created_at or call.job.created_at),
    }


def _password(result: LinkedItem, item: ItemFields) -> Any:
    """Return the password that the request gave a new link. It is stored as a hash only, so no other answer has it."""
    return item.get("password") if result.status == ItemStatus.CREATED else None
