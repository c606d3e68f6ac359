"""Clear: deletes in small steps what is left of jobs that are forgotten or past their retention, and of workspaces."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from models import removal, settings, store
from models.jobs import retention
from models.store import Connection
from producer.intake import upload_store

TASK_SECONDS = 1.5  # the sweep sends the next task two seconds later
PATIENCE = 1.0
GRACE = timedelta(seconds=10)  # with a retention of 0, those who waited for the end still get the results

LONGEST_REQUEST = timedelta(days=2)
"""How long a request may be underway that was authenticated before its workspace was deleted. An upload takes hours."""


def clear() -> dict[str, Any]:
    """Clear jobs for as long as one task may take."""
    deadline = time.monotonic() + TASK_SECONDS
    steps = 0
    with store.write(PATIENCE) as db:
        job_count = retention.mark_over(db, retention_start())
    while time.monotonic() < deadline and _clear_step():
        steps += 1
        store.pause_bulk_writer()
    while time.monotonic() < deadline and _remove_late_rows():
        steps += 1
        store.pause_bulk_writer()
    return {"begun": job_count, "steps": steps}


def has_work(db: Connection) -> bool:
    """Whether there is something to clear."""
    return (
        retention.has_work(db, retention_start())
        or removal.find_late_rows(db) is not None
        or removal.has_old_keys(db, _oldest_request())
    )


def retention_start() -> datetime:
    """Jobs that ended before this moment are past their retention."""
    retained = timedelta(days=settings.get().retention_days)
    return datetime.now(UTC) - max(retained, GRACE)


def _clear_step() -> bool:
    with store.write(PATIENCE, bulk=True) as db:
        step = retention.step(db)
    if step is None:
        return False
    if step.is_last:
        # First the upload: a job whose file is gone but whose row remains is cleared again.
        if step.job.upload:
            upload_store.delete(step.job.upload)
        with store.write(PATIENCE) as db:
            retention.finish(db, step.job)
    return True


def _remove_late_rows() -> bool:
    """Remove some rows that requests wrote whose workspace was deleted meanwhile. False when nothing is left."""
    with store.read() as db:
        workspace_id = removal.find_late_rows(db)
        uploads = removal.uploads(db, workspace_id) if workspace_id is not None else []
    for upload in uploads:
        upload_store.delete(upload)
    with store.write(PATIENCE, bulk=True) as db:
        if workspace_id is None:
            removal.remove_old_keys(db, _oldest_request())
            return False
        removal.step(db, workspace_id)
    return True


def _oldest_request() -> datetime:
    return datetime.now(UTC) - LONGEST_REQUEST
