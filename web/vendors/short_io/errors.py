"""Short.io's errors: of a whole request, and of one link of it."""

from http import HTTPStatus
from typing import Any

from models.jobs.items import LinkedItem
from web.vendors.vendor import FailedCall


def build_failure(result: LinkedItem) -> dict[str, Any]:
    message = ITEM_MESSAGES.get(result.error_code or "", result.error_message)
    return {"error": message, "status": ITEM_STATUSES.get(result.error_code or "", 400), "success": False}


ITEM_STATUSES = {"SLUG_TAKEN": 409, "RESERVED_SLUG": 409, "LIMIT_REACHED": 402, "INTERNAL": 500}
ITEM_MESSAGES = {"SLUG_TAKEN": "Link already exists", "RESERVED_SLUG": "Link already exists"}


def build_error(call: FailedCall) -> tuple[int, Any]:
    status = 400 if call.status in (413, 415, 422) else call.status
    message = ITEM_MESSAGES.get(call.code, call.message)
    body = {"error": HTTPStatus(status).phrase, "message": message, "statusCode": status, "success": False}
    return status, body
