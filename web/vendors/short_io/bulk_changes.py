"""Short.io's calls that archive, tag or delete many links, and those that archive one."""

from collections.abc import Callable
from typing import Any

from models.accounts.keys import Owner
from models.errors import Invalid
from producer.job_options import JobAction
from web.vendors.tags import ARCHIVED
from web.vendors.vendor import FinishedCall, ItemFields, VendorRequest, read_list, read_object

Parser = Callable[[Any, Owner], VendorRequest]


def parse_archive(body: Any, owner: Owner) -> VendorRequest:
    return _change(body, {"add_tags": [ARCHIVED]})


def parse_unarchive(body: Any, owner: Owner) -> VendorRequest:
    return _change(body, {"remove_tags": [ARCHIVED]})


def parse_tags(body: Any, owner: Owner) -> VendorRequest:
    """The same tag for each link."""
    tag = read_object(body).get("tag")
    if not isinstance(tag, str) or not tag:
        raise Invalid("tag must be text.")
    return _change(body, {"add_tags": [tag]})


def parse_deletion(body: Any, owner: Owner) -> VendorRequest:
    return VendorRequest(_read_links(body), action=JobAction.DELETE)


def for_one_link(parse: Parser) -> Parser:
    """Take one link_id in place of a list."""

    def parse_one(body: Any, owner: Owner) -> VendorRequest:
        return parse({"link_ids": [read_object(body).get("link_id")]}, owner)

    return parse_one


def build_answer(call: FinishedCall) -> Any:
    """Success means all of them; otherwise the first failure is the message."""
    for result in call.read_results():
        if result.error_code:
            return {"success": False, "error": result.error_message}
    return {"success": True}


def _change(body: Any, change: ItemFields) -> VendorRequest:
    return VendorRequest([link | change for link in _read_links(body)], action=JobAction.UPDATE)


def _read_links(body: Any) -> list[ItemFields]:
    link_ids = read_list(body, "link_ids")
    if not all(isinstance(link_id, str) for link_id in link_ids):
        raise Invalid("link_ids must be a list of texts.")
    return [{"id": link_id} for link_id in dict.fromkeys(link_ids)]
