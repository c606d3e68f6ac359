"""Webhook endpoints and deliveries as clients see them."""

from datetime import UTC, datetime
from typing import Any

from models.webhooks.deliveries import Delivery, DeliveryAttempt
from models.webhooks.endpoints import Endpoint
from producer.documents.times import iso_time


def endpoint_document(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "id": str(endpoint.id),
        "url": endpoint.url,
        "events": endpoint.events,
        "disabled": endpoint.disabled_at is not None,
        "disabled_reason": endpoint.disabled_reason,
        "failing_since": iso_time(endpoint.failing_since),
        "created_at": iso_time(endpoint.created_at),
    }


def delivery_document(
    delivery: Delivery, attempts: list[DeliveryAttempt], disabled_reason: str | None
) -> dict[str, Any]:
    """`disabled_reason`: why the delivery's endpoint is disabled, None when it is not."""
    next_attempt_at = None
    if delivery.next_at:
        next_attempt_at = iso_time(datetime.fromtimestamp(delivery.next_at, UTC))
    return {
        "id": str(delivery.id),
        "webhook_id": f"msg_{delivery.id}",
        "job_id": str(delivery.job_id) if delivery.job_id else None,
        "run": delivery.run,
        "endpoint_id": str(delivery.endpoint_id) if delivery.endpoint_id else None,
        "endpoint_disabled": disabled_reason,
        "type": delivery.type,
        "url": delivery.url,
        "status": delivery.status,
        "created_at": iso_time(delivery.created_at),
        "next_attempt_at": next_attempt_at,
        "attempts": [_attempt_document(attempt) for attempt in attempts],
    }


def _attempt_document(attempt: DeliveryAttempt) -> dict[str, Any]:
    return {
        "at": iso_time(attempt.at),
        "status_code": attempt.status_code,
        "error": attempt.error,
        "seconds": round(attempt.seconds, 3),
        "answer": attempt.answer,
    }
