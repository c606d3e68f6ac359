"""A job as clients see it: its counts, its outcome, how fast it is and when it will end."""

from datetime import UTC, datetime
from typing import Any

from models.jobs import jobs
from models.jobs.jobs import Job, JobProgress
from models.states import ACTIVE_STATUSES, JobStatus, Outcome
from producer.documents.times import iso_time
from producer.intake.layouts import Layout


def job_document(job: Job, errors: dict[str, int]) -> dict[str, Any]:
    """`errors`: how many items failed, by error code."""
    processed = jobs.processed_count(job)
    unprocessed = jobs.unprocessed_count(job)
    rate = _rate(job, processed)
    layout = Layout.load(job.layout)
    return {
        "id": str(job.id),
        "name": job.name,
        "kind": job.kind,
        "run": job.run,
        "status": job.status,
        "outcome": job_outcome(job),
        "source": job.source,
        "dry_run": job.dry_run,
        "created_at": iso_time(job.created_at),
        "started_at": iso_time(job.started_at),
        "finished_at": iso_time(job.finished_at),
        "counts": {
            "total": job.total,
            "processed": processed,
            "created": job.created,
            "updated": job.updated,
            "deleted": job.deleted,
            "existing": job.existing,
            "failed": job.failed,
            "unprocessed": unprocessed,
        },
        "progress": round(processed / job.total, 4) if job.total else 0.0,
        "rate": round(rate, 1),
        "eta_seconds": _eta_seconds(job, unprocessed, rate),
        "errors": errors,
        "mapping": layout.mapped_columns(),
        "format": layout.description(),
        "metadata": job.metadata,
        "detail": job.detail,
        "cleared_at": iso_time(job.cleared_at),
        "links": _job_links(job),
    }


def job_outcome(job: Job | JobProgress) -> Outcome | None:
    """What an ended job came to. None while it runs."""
    if job.status in ACTIVE_STATUSES:
        return None
    succeeded = jobs.succeeded_count(job)
    if succeeded == job.total:
        return Outcome.SUCCEEDED
    if succeeded == 0:
        return Outcome.FAILED
    return Outcome.PARTIAL


def job_etag(job: Job) -> str:
    """Changes whenever the document does, except for its rate."""
    cleared = "" if job.cleared_at is None else "-cleared"
    counts = f"{job.created}-{job.updated}-{job.deleted}-{job.existing}-{job.failed}"
    return f"{job.run}-{job.status}-{job.total}-{counts}{cleared}"


def _job_links(job: Job) -> dict[str, str]:
    path = f"/api/jobs/{job.id}"
    return {
        "self": path,
        "items": f"{path}/items",
        "results": f"{path}/results.csv",
        "stats": f"{path}/stats",
        "events": f"{path}/events",
    }


def _rate(job: Job, processed: int) -> float:
    """Items per second in this run, up to the last shard that ended: a shard's items are counted at its end.

    While the job runs, the time up to the end of its first shard is left out once the rest is long enough to measure:
    that time goes to cutting the upload and waking workers.
    """
    if job.started_at is None or job.rate_base_at is None or job.progressed_at is None:
        return 0.0
    first_shard = _seconds(job.started_at, job.rate_base_at)
    since_then = _seconds(job.rate_base_at, job.progressed_at)
    if job.status == JobStatus.RUNNING and since_then > first_shard / 2:
        return float((processed - job.rate_base_count) / since_then)
    if first_shard + since_then <= 0:
        return 0.0
    return float((processed - job.run_base_count) / (first_shard + since_then))


def _eta_seconds(job: Job, unprocessed: int | None, rate: float) -> float | None:
    if job.status != JobStatus.RUNNING or unprocessed is None or not rate or job.progressed_at is None:
        return None
    since_last_shard = _seconds(job.progressed_at, datetime.now(UTC))
    return round(max(0.0, unprocessed / rate - since_last_shard), 1)


def _seconds(begin: datetime, end: datetime) -> float:
    return (end - begin).total_seconds()
