"""Dub's calls that change or delete many links, and the one that creates a link or changes it."""

from dataclasses import replace
from typing import Any

from flask import request

from models.accounts.keys import Owner
from models.errors import BadRequest, Invalid
from models.states import ItemStatus
from producer.job_options import JobAction
from producer.resources import links
from web.auth import owner as current_owner
from web.vendors import single
from web.vendors.dub.creation import parse_single_request
from web.vendors.dub.errors import build_failure
from web.vendors.dub.fields import parse_bulk_change, parse_change
from web.vendors.dub.link_shape import describe_links
from web.vendors.dub.links import EXTERNAL_ID_PREFIX
from web.vendors.vendor import FinishedCall, ItemFields, VendorRequest, has_link, read_object


def parse_update(body: Any, owner: Owner) -> VendorRequest:
    """The same change for each link, named by its id or by its external id."""
    values = read_object(body)
    link_ids = _read_texts(values, "linkIds")
    external_ids = _read_texts(values, "externalIds")
    change = parse_bulk_change(values.get("data"), owner)
    items: list[ItemFields] = []
    if link_ids:
        items += [name_link(link_id) | change for link_id in link_ids]
    else:
        items += [{"external_id": external_id} | change for external_id in external_ids]
    return VendorRequest(items, action=JobAction.UPDATE)


def build_update_answer(call: FinishedCall) -> Any:
    """The changed links, and behind them the failures."""
    keys = []
    failures = []
    for result, item in zip(call.read_linked_items(), call.request.items, strict=True):
        if has_link(result):
            keys.append(call.link_key(result))
        else:
            link_id = item.get("id", item.get("external_id"))
            failures.append(build_failure(result, {"id": link_id}))
    documents = links.show_links(current_owner(), keys)
    return describe_links([documents[key] for key in keys if key in documents], current_owner()) + failures


def parse_deletion(_body: None, _owner: Owner) -> VendorRequest:
    link_ids: list[str] = []
    for text in request.args.getlist("linkIds"):
        link_ids += [link_id.strip() for link_id in text.split(",") if link_id.strip()]
    if not link_ids:
        raise BadRequest("Please provide linkIds to delete.")
    return VendorRequest([name_link(link_id) for link_id in dict.fromkeys(link_ids)], action=JobAction.DELETE)


def build_deletion_answer(call: FinishedCall) -> Any:
    return {"deletedCount": sum(result.status == ItemStatus.DELETED for result in call.read_results())}


def parse_upsert(body: Any, owner: Owner) -> VendorRequest:
    """The link that has the external id or the key is changed; without either, the one that has the URL."""
    creation = parse_single_request(body, owner)
    is_named = bool(body.get("externalId") or body.get("key"))
    return replace(creation, changes_existing=is_named, reuse_urls=not is_named)


def build_upsert_answer(call: FinishedCall) -> Any:
    owner = current_owner()
    result, document = single.read_link(call)
    if result.status == ItemStatus.EXISTING:  # its URL found it: the job has left it as it is
        change = parse_change(call.request.context[0], document, owner)
        document = links.change_link(owner, document["id"], change)
    return describe_links([document], owner)[0]


def name_link(link_id: str) -> ItemFields:
    """Name a link as the rows of a job do, by its id, or by its external id after `ext_`."""
    if link_id.startswith(EXTERNAL_ID_PREFIX):
        return {"external_id": link_id.removeprefix(EXTERNAL_ID_PREFIX)}
    return {"id": link_id}


def _read_texts(values: dict[str, Any], name: str) -> list[str]:
    texts = values.get(name) or []
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise Invalid(f"{name} must be a list of texts.")
    return list(dict.fromkeys(texts))
