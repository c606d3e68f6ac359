"""Deliver: sends one webhook, records the attempt, and decides when to try again."""

import random
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import structlog
from standardwebhooks import Webhook

from models import store
from models.errors import BadTarget, Unreachable
from models.webhooks import deliveries, endpoints
from models.webhooks.deliveries import Delivery, DeliveryAttempt, DeliveryStatus
from producer import outside
from producer.signals.counters import DELIVERIES
from producer.telemetry import tracing
from producer.unit_of_work import unit_of_work

DELAYS = (0, 5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Seconds before each attempt: 0, 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h."""
JITTER = 0.1
LONGEST_RETRY_AFTER = 86_400.0
KEPT_BYTES = 1024  # of an answer
GONE = 410
RETRIED = "retried"  # the counter of attempts that failed and will be repeated

log = structlog.get_logger()


def deliver() -> dict[str, Any]:
    """Send the next due delivery. The caller repeats this until the result is idle."""
    with store.write() as db:
        row = deliveries.claim(db)
        secrets = endpoints.signing_secrets(db, row.endpoint_id, row.workspace_id) if row else []
    if row is None:
        return {"idle": True}
    with tracing.span("delivery", delivery=str(row.id), job=str(row.job_id)):
        attempt, retry_after = send(row, secrets)
        tracing.annotate({"http.response.status_code": attempt.status_code or 0})
    status, pause = judge(row, attempt, retry_after)
    with unit_of_work() as unit:
        if deliveries.record_attempt(unit.db, row, attempt, status, pause):
            _update_endpoint(unit.db, row, attempt)
            unit.count(DELIVERIES, RETRIED if status == DeliveryStatus.PENDING else status)
    return {"delivery": str(row.id), "status": status, "code": attempt.status_code, "error": attempt.error}


def send(row: Delivery, secrets: list[str]) -> tuple[DeliveryAttempt, float]:
    """Call the receiver once. Return the attempt, and the seconds that the receiver asks to wait."""
    now = datetime.now(UTC)
    try:
        answer = outside.call("POST", row.url, headers(row, secrets, now), row.body.encode())
    except (Unreachable, BadTarget) as error:
        return DeliveryAttempt(now, _since(now), None, str(error)[:KEPT_BYTES], None), 0.0
    text = answer.body[:KEPT_BYTES].decode(errors="replace").replace("\0", "")
    reason = None if 200 <= answer.status < 300 else f"the receiver answered {answer.status}"
    retry_after = _retry_after(answer.headers.get("retry-after"), now)
    return DeliveryAttempt(now, answer.seconds, answer.status, reason, text), retry_after


def headers(row: Delivery, secrets: list[str], now: datetime) -> dict[str, str]:
    """The headers of Standard Webhooks. After a rotation there are two signatures, one for each secret."""
    message_id = f"msg_{row.id}"
    signatures = [Webhook(secret).sign(message_id, now, row.body) for secret in secrets]
    return {
        "content-type": "application/json",
        "user-agent": "Linkmill-Webhooks/1",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def judge(row: Delivery, attempt: DeliveryAttempt, retry_after: float) -> tuple[DeliveryStatus, float | None]:
    """Decide the delivery's next status, and in how many seconds to try again."""
    code = attempt.status_code
    if code is not None and 200 <= code < 300:
        return DeliveryStatus.DELIVERED, None
    attempts = row.attempts + 1
    if code == GONE or attempts >= len(DELAYS):
        return DeliveryStatus.FAILED, None
    pause = DELAYS[attempts] * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - jitter, not a secret
    return DeliveryStatus.PENDING, max(pause, min(retry_after, LONGEST_RETRY_AFTER))


def _update_endpoint(db: store.Connection, row: Delivery, attempt: DeliveryAttempt) -> None:
    if not row.endpoint_id:
        return
    if attempt.error is None:
        endpoints.record_success(db, row.endpoint_id)
        return
    if attempt.status_code == GONE:
        endpoints.disable(db, row.endpoint_id, "the receiver answered 410 Gone")
    if attempt.status_code == GONE or endpoints.record_failure(db, row.endpoint_id):
        deliveries.cancel_for_endpoint(db, row.endpoint_id)


def _retry_after(text: str | None, now: datetime) -> float:
    if not text:
        return 0.0
    if text.strip().isdecimal():
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - now).total_seconds())
    except (ValueError, TypeError):
        return 0.0


def _since(moment: datetime) -> float:
    return (datetime.now(UTC) - moment).total_seconds()
