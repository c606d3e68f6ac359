"""Clear: what a job whose time is over, or which was forgotten, leaves behind goes in steps that hold nobody up."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from models import settings, store
from models.jobs import retention
from producer.intake import upload_store

SECONDS = 1.5  # of one task: the sweep asks for the next one two seconds later
PATIENCE = 1.0
GRACE = timedelta(seconds=10)  # whoever waited for a job's end still gets its results where none are kept


def clear() -> dict[str, Any]:
    until, steps = time.monotonic() + SECONDS, 0
    with store.write(PATIENCE) as db:
        begun = retention.mark_over(db, before())
    while time.monotonic() < until and _step():
        steps += 1
        store.rest()
    return {"begun": begun, "steps": steps}


def before() -> datetime:
    """Jobs that ended before this are over."""
    return datetime.now(UTC) - max(timedelta(days=settings.get().retention_days), GRACE)


def _step() -> bool:
    with store.write(PATIENCE) as db:
        found = retention.step(db)
    if found is None:
        return False
    job, last = found
    if last:
        if job.upload:
            upload_store.delete(job.upload)
        with store.write(PATIENCE) as db:
            retention.finish(db, job)
    return True
