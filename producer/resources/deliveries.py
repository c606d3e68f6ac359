"""Webhooks that were sent for a job, and sending one again."""

from typing import Any

from models import store
from models.accounts.keys import Owner
from models.errors import NotFound
from models.ids import parse_id
from models.webhooks import deliveries, endpoints
from producer.documents.webhook_documents import delivery_document
from producer.unit_of_work import unit_of_work


def list_job_deliveries(job_id: int) -> list[dict[str, Any]]:
    """List the webhooks of a job, each with all its attempts."""
    with store.read() as db:
        rows = deliveries.of_job(db, job_id)
        attempts = deliveries.attempts(db, [row.id for row in rows])
        disabled_reasons = endpoints.disabled_reasons(db, [row.endpoint_id for row in rows])
    return [delivery_document(row, attempts.get(row.id, []), disabled_reasons.get(row.endpoint_id)) for row in rows]


def redeliver(owner: Owner, delivery_id: str) -> dict[str, Any]:
    """Send a webhook again, with the same id and body. The schedule of retries starts from its beginning."""
    number = parse_id(delivery_id)
    with unit_of_work() as unit:
        if not deliveries.send_again(unit.db, number, owner.workspace_id):
            raise NotFound("There is no such delivery.")
        row = deliveries.get(unit.db, number)
        attempts = deliveries.attempts(unit.db, [number])
        unit.send_webhooks()
    return delivery_document(row, attempts.get(number, []), None)
