"""An item of a job as clients see it."""

import json
from typing import Any

from models.accounts import domains
from models.jobs.items import Item
from models.states import ItemStatus
from producer.documents.base_urls import BaseUrls
from producer.documents.change_document import change_document


def item_document(item: Item, base_urls: BaseUrls) -> dict[str, Any]:
    error = None
    if item.status == ItemStatus.FAILED:
        error = {"code": item.error_code, "message": item.error_message}
    base_url = base_urls.get(item.domain_id)
    return {
        "index": item.at,
        "line": item.line,
        "status": item.status,
        "url": item.url if item.url is not None else _requested_url(item.input),
        "slug": item.slug,
        "short_url": domains.short_url(base_url, item.slug) if item.slug and base_url else None,
        "external_id": item.external_id,
        "custom_id": item.custom_id,
        "error": error,
        "changes": change_document(item.changes),
    }


def _requested_url(item_input: str | None) -> Any:
    """The URL of a row that made no link, from the input that its item keeps."""
    if not item_input:
        return None
    return json.loads(item_input).get("url")
