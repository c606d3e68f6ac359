"""A job's end: one guarded statement, and in the same transaction the deliveries that report it."""

import json
from datetime import UTC, datetime
from typing import Any

from models.jobs import jobs
from models.jobs.jobs import JobProgress, Results
from models.jobs.leases import Claim
from models.states import ItemStatus, JobStatus
from models.store import Connection
from models.webhooks import deliveries, endpoints
from models.webhooks.endpoints import Subscriber
from producer.documents.job_document import job_document, job_outcome
from producer.documents.times import iso_time
from producer.signals import counters
from producer.unit_of_work import End, UnitOfWork, unit_of_work

TEST_EVENT = "webhook.test"
DRY_RUN = "dry_run"
LARGEST_BODY = 20_000  # characters
CUT_BODY: dict[str, Any] = {"metadata": {}, "mapping": None, "cut": True}


def record(unit: UnitOfWork, claim: Claim, results: Results, may_end: bool = True) -> bool:
    """Add a shard's results to its job. End the job when they were the last; otherwise wake workers for the next.

    A transaction that is not durable must not end a job: a power cut could undo an end that others have seen. Return
    whether the caller has to end the job after the commit.
    """
    job = jobs.conclude(unit.db, claim.job_id, claim.run, results, may_end)
    _count_items(unit, _kind_or_dry_run(job), results)
    if job.status == JobStatus.COMPLETED:
        close(unit, job)
        return False
    is_over = job.cancelled_at is not None or jobs.unprocessed_count(job) == 0
    if is_over and may_end and finish(unit, claim.job_id, claim.run):
        return False
    unit.wake_next(claim.job_id)
    unit.publish_progress(claim.job_id)
    return is_over


def _count_items(unit: UnitOfWork, kind: str, results: Results) -> None:
    """Count a shard's items by their status."""
    counts = {
        ItemStatus.CREATED: results.created,
        ItemStatus.UPDATED: results.updated,
        ItemStatus.DELETED: results.deleted,
        ItemStatus.EXISTING: results.existing,
        ItemStatus.FAILED: results.failed,
    }
    for status, count in counts.items():
        if count:
            unit.count(counters.ITEMS, kind, status, times=count)


def finish(unit: UnitOfWork, job_id: int, run: int) -> bool:
    """End a job whose rows all have results; False when some have none, or when the job has ended already."""
    job = jobs.finish(unit.db, job_id, run)
    if job is None:
        return False
    close(unit, job)
    return True


def finish_alone(claim: Claim) -> None:
    """Do the same in a transaction of its own. If the process ends before it, the sweep does it."""
    with unit_of_work() as unit:
        finish(unit, claim.job_id, claim.run)


def fail(unit: UnitOfWork, job_id: int, run: int, detail: str) -> None:
    """End a job whose upload cannot be read."""
    job = jobs.fail(unit.db, job_id, run, detail)
    if job:
        close(unit, job)


def close(unit: UnitOfWork, job: JobProgress) -> None:
    """Plan the webhooks of a job that has just ended, and announce its end."""
    planned = _plan_deliveries(unit.db, job)
    counter = counters.field_name(counters.JOBS, _kind_or_dry_run(job), job.status, job_outcome(job) or "")
    unit.announce_end(End(job.id, job.workspace_id, counter, planned))


def _kind_or_dry_run(job: JobProgress) -> str:
    return DRY_RUN if job.dry_run else job.kind


def plan_test(unit: UnitOfWork, endpoint_id: int, workspace_id: int, url: str) -> deliveries.Delivery:
    """Plan the delivery of a test event, and have it sent."""
    body = webhook_body(TEST_EVENT, {"message": "This is a test event from Linkmill."})
    row = {
        "workspace_id": workspace_id,
        "job_id": 0,
        "run": 1,
        "endpoint_id": endpoint_id,
        "url": url,
        "type": TEST_EVENT,
        "body": body,
    }
    delivery_id = deliveries.add(unit.db, [row])[0]
    unit.send_webhooks()
    return deliveries.get(unit.db, delivery_id)


def webhook_body(event: str, data: dict[str, Any]) -> str:
    """The JSON text of an event. Metadata and mapping, which a client chose, are left out when they make it large."""
    text = _event_text(event, data)
    if len(text) < LARGEST_BODY:
        return text
    return _event_text(event, data | CUT_BODY)


def _event_text(event: str, data: dict[str, Any]) -> str:
    return json.dumps({"type": event, "timestamp": iso_time(datetime.now(UTC)), "data": data})


def _plan_deliveries(db: Connection, job: JobProgress) -> int:
    """One delivery to the job's own URL, and one to each subscribed endpoint; return how many."""
    event = f"job.{job.status}"
    targets = endpoints.subscribers(db, job.workspace_id, event)
    own_url = job.options.get("webhook_url")
    if own_url:
        targets.insert(0, Subscriber(0, own_url))
    with_domain = jobs.get(db, job.id) if targets else None
    if with_domain is None:
        return 0
    body = webhook_body(event, job_document(with_domain, jobs.errors(db, job.id)))
    shared = {"workspace_id": job.workspace_id, "job_id": job.id, "run": job.run, "type": event, "body": body}
    deliveries.add(db, [shared | {"endpoint_id": endpoint_id, "url": url} for endpoint_id, url in targets])
    return len(targets)
