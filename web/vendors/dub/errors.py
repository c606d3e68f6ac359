"""Dub's errors: of a whole request, and of one link of it."""

from typing import Any

from models.jobs.items import LinkedItem
from web.vendors.vendor import FailedCall


def build_error(call: FailedCall) -> tuple[int, Any]:
    status = 422 if call.status in (413, 415) else call.status
    code = ERROR_CODES.get(status, "internal_server_error")
    return status, {"error": {"code": code, "message": call.message, "doc_url": DOCS_URL + code.replace("_", "-")}}


DOCS_URL = "https://dub.co/docs/api-reference/errors#"
ERROR_CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    409: "conflict",
    422: "unprocessable_entity",
    429: "rate_limit_exceeded",
}


def build_failure(result: LinkedItem, link: Any) -> dict[str, Any]:
    error_code = result.error_code or ""
    message = ITEM_MESSAGES.get(error_code, result.error_message)
    return {"link": link, "error": message, "code": ITEM_ERROR_CODES.get(error_code, "unprocessable_entity")}


ITEM_ERROR_CODES = {
    "NOT_FOUND": "not_found",
    "SLUG_TAKEN": "conflict",
    "RESERVED_SLUG": "forbidden",
    "LIMIT_REACHED": "exceeded_limit",
    "INTERNAL": "internal_server_error",
}
ITEM_MESSAGES = {
    "NOT_FOUND": "Link not found",
    "SLUG_TAKEN": "Duplicate key: This short link already exists.",
    "UNKNOWN_DOMAIN": "Domain does not belong to workspace.",
}
