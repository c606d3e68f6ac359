"""A call for a single link: its document, or its failure as that of the whole request."""

from typing import Any

from models.errors import Conflict, Gone, Invalid, LinkmillError, NotFound, OverLimit
from models.jobs.items import ItemResult, LinkedItem
from producer.resources import links
from web.auth import owner
from web.vendors.vendor import FinishedCall, has_link


def read_link(call: FinishedCall) -> tuple[LinkedItem, dict[str, Any]]:
    """Return the only item of a finished call and its link's document; raise why there is none."""
    (result,) = call.read_linked_items()
    if not has_link(result):
        raise error_of(result)
    try:
        return result, links.show_link(owner(), call.link_id(result))
    except NotFound:
        raise Gone("The link of this request has been deleted since.") from None


def error_of(result: ItemResult | LinkedItem) -> LinkmillError:
    """Return the failure of the only item as the failure of the whole request."""
    error = ERROR_CLASSES.get(result.error_code or "", Invalid)(result.error_message)
    error.code = result.error_code or ""
    return error


ERROR_CLASSES: dict[str, type[LinkmillError]] = {
    "SLUG_TAKEN": Conflict,
    "RESERVED_SLUG": Conflict,
    "LIMIT_REACHED": OverLimit,
    "INTERNAL": LinkmillError,
}
