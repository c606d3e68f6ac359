"""Clear: deletes in small steps what is left of jobs that are forgotten or past their retention."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from models import settings, store
from models.jobs import retention
from producer.intake import upload_store

TASK_SECONDS = 1.5  # the sweep sends the next task two seconds later
PATIENCE = 1.0
GRACE = timedelta(seconds=10)  # with a retention of 0, those who waited for the end still get the results


def clear() -> dict[str, Any]:
    """Clear jobs for as long as one task may take."""
    deadline = time.monotonic() + TASK_SECONDS
    steps = 0
    with store.write(PATIENCE) as db:
        job_count = retention.mark_over(db, retention_start())
    while time.monotonic() < deadline and _clear_step():
        steps += 1
        store.pause_bulk_writer()
    return {"begun": job_count, "steps": steps}


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
