"""Deliver: sends one webhook, notes what came of it, and says when to try again."""

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
SHOWN = 1024  # bytes of an answer that are kept
GONE = 410
RETRIED = "retried"

log = structlog.get_logger()


def deliver() -> dict[str, Any]:
    """Sends the next delivery that is due; the caller asks again until there is none."""
    with store.write() as db:
        row = deliveries.claim(db)
        secrets = endpoints.signing_secrets(db, row.endpoint_id, row.workspace_id) if row else []
    if row is None:
        return {"idle": True}
    with tracing.span("delivery", delivery=str(row.id), job=str(row.job_id)):
        attempt, retry_after = send(row, secrets)
        tracing.note({"http.response.status_code": attempt.status_code or 0})
    status, wait = judge(row, attempt, retry_after)
    with unit_of_work() as unit:
        if deliveries.record_attempt(unit.db, row, attempt, status, wait):
            _tell_endpoint(unit.db, row, attempt)
            unit.count(DELIVERIES, RETRIED if status == DeliveryStatus.PENDING else status)
    return {"delivery": str(row.id), "status": status, "code": attempt.status_code, "error": attempt.error}


def send(row: Delivery, secrets: list[str]) -> tuple[DeliveryAttempt, float]:
    """One call, and how long the receiver asks to be left alone. Whatever goes wrong is an attempt that failed."""
    now = datetime.now(UTC)
    try:
        answer = outside.call("POST", row.url, headers(row, secrets, now), row.body.encode())
    except (Unreachable, BadTarget) as error:
        return DeliveryAttempt(now, _since(now), None, str(error)[:SHOWN], None), 0.0
    text = answer.body[:SHOWN].decode(errors="replace").replace("\0", "")
    reason = None if 200 <= answer.status < 300 else f"the receiver answered {answer.status}"
    again = _retry_after(answer.headers.get("retry-after"), now)
    return DeliveryAttempt(now, answer.seconds, answer.status, reason, text), again


def headers(row: Delivery, secrets: list[str], now: datetime) -> dict[str, str]:
    """As Standard Webhooks has them; after a rotation both signatures."""
    name = f"msg_{row.id}"
    return {
        "content-type": "application/json",
        "user-agent": "Linkmill-Webhooks/1",
        "webhook-id": name,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(Webhook(secret).sign(name, now, row.body) for secret in secrets),
    }


def judge(row: Delivery, attempt: DeliveryAttempt, retry_after: float) -> tuple[DeliveryStatus, float | None]:
    """The delivery's status from here on, and in how many seconds to try again."""
    code = attempt.status_code
    if code is not None and 200 <= code < 300:
        return DeliveryStatus.DELIVERED, None
    tried = row.attempts + 1
    if code == GONE or tried >= len(DELAYS):
        return DeliveryStatus.FAILED, None
    wait = DELAYS[tried] * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - spreads load, keeps no secret
    return DeliveryStatus.PENDING, max(wait, min(retry_after, LONGEST_RETRY_AFTER))


def _tell_endpoint(db: store.Connection, row: Delivery, attempt: DeliveryAttempt) -> None:
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
