"""A job's end: one guarded statement, and in the same transaction the deliveries that tell of it."""

import json
from datetime import UTC, datetime
from typing import Any, NamedTuple

import structlog
from sqlalchemy import Connection

from models.jobs import duplicates, jobs
from models.jobs.jobs import Job
from models.jobs.shards import Claim
from models.jobs.states import JobStatus
from models.webhooks import deliveries, endpoints
from producer.documents import shapes
from producer.signals import counters, waiting, wakeups

COMPLETED, CANCELLED, FAILED, TEST = "job.completed", "job.cancelled", "job.failed", "webhook.test"
OF_STATUS = {JobStatus.COMPLETED: COMPLETED, JobStatus.CANCELLED: CANCELLED, JobStatus.FAILED: FAILED}
DRY_RUN = "dry_run"
LARGEST_BODY = 20_000
log = structlog.get_logger()
CUT: dict[str, Any] = {"metadata": {}, "mapping": None}


class Ended(NamedTuple):
    """A job that this very call has ended."""

    job_id: int
    deliveries: int
    counted: str
    """As which it is to be counted."""


def record(db: Connection, claim: Claim, created: int, existing: int, failures: dict[str, int]) -> Ended | None:
    """Adds a shard's results to its job, and ends that when they were the last."""
    job = jobs.conclude(db, claim.job_id, claim.run, created, existing, failures)
    if job.status == JobStatus.COMPLETED:
        return plan(db, job)
    return finish(db, claim.job_id, claim.run) if job.cancelled_at else None


def finish(db: Connection, job_id: int, run: int) -> Ended | None:
    """Ends a job whose rows all have results; None when it is not so, or somebody else was first."""
    job = jobs.finish(db, job_id, run)
    if job and job.dry_run:
        duplicates.settle(db, job_id, job.options)
        job = jobs.get(db, job_id)
    return plan(db, job) if job else None


def fail(db: Connection, job_id: int, run: int, detail: str) -> Ended | None:
    job = jobs.fail(db, job_id, run, detail)
    return plan(db, job) if job else None


def announce(ended: Ended) -> None:
    """Tells who waits and wakes who delivers, once the end is committed."""
    waiting.tell_ended(ended.job_id, ended.counted)
    log.info("job_ended", job=str(ended.job_id), end=ended.counted.split("|")[1:])
    if ended.deliveries:
        wakeups.send("deliver", wakeups.DELIVER)


def plan(db: Connection, job: Job) -> Ended:
    """A delivery to the job's own URL, and one to each subscribed endpoint."""
    event, own = OF_STATUS[job.status], job.options.get("webhook_url")
    targets = [(0, own)] if own else []
    targets += [(row.id, row.url) for row in endpoints.subscribed(db, job.workspace_id, event)]
    shown = jobs.get(db, job.id) if targets else None
    if shown:
        text = body(event, shapes.job(shown, jobs.errors(db, job.id)))
        same = {"workspace_id": job.workspace_id, "job_id": job.id, "run": job.run, "type": event, "body": text}
        deliveries.plan(db, [same | {"endpoint_id": place, "url": url} for place, url in targets])
    kind = DRY_RUN if job.dry_run else job.kind
    return Ended(job.id, len(targets), counters.field(counters.JOBS, kind, job.status, shapes.outcome(job) or ""))


def plan_test(db: Connection, endpoint_id: int, workspace_id: int, url: str) -> deliveries.Delivery:
    """One delivery of an event that means nothing."""
    text = body(TEST, {"message": "This is a test event from Linkmill."})
    row = {"workspace_id": workspace_id, "job_id": 0, "run": 1, "endpoint_id": endpoint_id, "type": TEST}
    return deliveries.get(db, deliveries.plan(db, [row | {"url": url, "body": text}])[0])


def body(event: str, data: dict[str, Any]) -> str:
    """What is sent; a client's own metadata goes when it would make it large."""
    text = _text(event, data)
    return text if len(text) < LARGEST_BODY else _text(event, data | CUT | {"cut": True})


def _text(event: str, data: dict[str, Any]) -> str:
    return json.dumps({"type": event, "timestamp": shapes.moment(datetime.now(UTC)), "data": data})
