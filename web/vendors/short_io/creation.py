"""Short.io's calls that create links: `POST /links/bulk`, an object in and an array out, and `POST /links` for one."""

from typing import Any

from models.accounts.keys import Owner
from models.errors import Invalid
from models.jobs.items import LinkedItem
from models.states import ItemStatus
from producer.documents.times import iso_time
from producer.fields.wide_slugs import SlugKind
from web.vendors import single
from web.vendors.short_io.errors import build_failure
from web.vendors.short_io.fields import parse_link, read_folders
from web.vendors.short_io.link_shape import describe_link
from web.vendors.vendor import FinishedCall, ItemFields, VendorRequest, has_link, read_list, read_object, reject


def parse_bulk_request(body: Any, owner: Owner) -> VendorRequest:
    links_of_body = read_list(body, "links")
    domain = body.get("domain")
    if not isinstance(domain, str | None):
        raise Invalid("domain must be text.")
    if body.get("folderId"):
        links_of_body = [_in_folder(link, body["folderId"]) for link in links_of_body]
    folders = read_folders(links_of_body, owner)
    choices = [_allows_duplicates(link, body) for link in links_of_body]
    choice = any(choices[:1])
    items = []
    for link, other_choice in zip(links_of_body, choices, strict=True):
        item = parse_link(link, folders)
        if other_choice != choice:
            item = reject(item, "MALFORMED_ROW", MIXED_CHOICES)
        items.append(item)
    return VendorRequest(items, domain=domain, reuse_urls=not choice, slugs=SlugKind.WIDE)


def parse_single_request(body: Any, owner: Owner) -> VendorRequest:
    link = read_object(body)
    return parse_bulk_request({"links": [link], "domain": link.get("domain")}, owner)


def _in_folder(link: Any, folder_id: Any) -> Any:
    return {"folderId": folder_id} | link if isinstance(link, dict) else link


MIXED_CHOICES = "All links of a call must have the same allowDuplicates. Send the others in a call of their own."


def _allows_duplicates(link: Any, body: dict[str, Any]) -> bool:
    """A link's own choice comes before that of the call."""
    own = link.get("allowDuplicates") if isinstance(link, dict) else None
    return bool(body.get("allowDuplicates") if own is None else own)


def build_bulk_answer(call: FinishedCall) -> Any:
    answer = []
    for result, item in zip(call.read_linked_items(), call.request.items, strict=True):
        if has_link(result):
            answer.append(_describe(call, result, item, _document(call, result, item)))
        else:
            answer.append(build_failure(result))
    return answer


def build_single_answer(call: FinishedCall) -> Any:
    result, document = single.read_link(call)
    return _describe(call, result, call.request.items[0], document)


def _describe(call: FinishedCall, result: LinkedItem, item: ItemFields, document: dict[str, Any]) -> dict[str, Any]:
    shape = describe_link(document, call.job.workspace_id)
    return shape | {"duplicate": result.status == ItemStatus.EXISTING, "success": True}


def _document(call: FinishedCall, result: LinkedItem, item: ItemFields) -> dict[str, Any]:
    """Say of a link what its document would, without reading it again."""
    return {
        "id": call.link_id(result),
        "slug": result.slug,
        "short_url": call.short_url(result.slug),
        "url": result.url or item["url"],
        "title": result.title,
        "tags": item.get("tags") or [],
        "group_id": result.group_id,
        "expires_at": iso_time(result.expires_at),
        "max_clicks": result.max_clicks,
        "protected": bool(item.get("password")),
        "created_at": iso_time(result.created_at or call.job.created_at),
    }
