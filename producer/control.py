"""What users do to an existing job: cancel it, retry it, undo it, forget it."""

from typing import Any

from models import store
from models.errors import Conflict
from models.ids import new_id
from models.jobs import jobs, retention, runs
from models.jobs.jobs import Job
from models.states import JobKind, JobStatus
from models.store import Connection
from producer import completion
from producer.intake.layouts import UNDO, Layout
from producer.job_actions import Action, refusal, results_gone
from producer.signals import wakeups
from producer.unit_of_work import unit_of_work

CHANGED = "The job has changed in the meantime: read it and try again."


def cancel(job: Job) -> None:
    """Stop a job at the edges of its shards. To cancel a cancelled job again changes nothing."""
    with unit_of_work() as unit:
        if not runs.cancel(unit.db, job.id):
            _refuse(unit.db, Action.CANCEL, job)
        elif not completion.finish(unit, job.id, job.run):
            unit.publish_progress(job.id)


def retry(job: Job) -> None:
    """Run failed and unprocessed items again. The job is open again when this returns."""
    with unit_of_work() as unit:
        if not runs.retry(unit.db, job):
            _refuse(unit.db, Action.RETRY, job)
            raise Conflict(CHANGED)
        unit.wake_next(job.id)
        unit.publish_progress(job.id)


def undo(job: Job) -> int:
    """Begin a job that takes back what this one did; return its id. Of links that it created, clicked ones stay."""
    with unit_of_work() as unit:
        jobs.lock(unit.db, job.id)
        # The job may have had a further run since the client read it.
        current = _refuse(unit.db, Action.UNDO, job)
        row = _undo_row(current)
        runs.start_undo(unit.db, current, row)
        unit.wake_next(row["id"])
        if not row["total"]:
            completion.finish(unit, row["id"], 1)
    return int(row["id"])


def forget(job: Job) -> None:
    """Hide a job from now on. The sweep deletes its upload and results; its links stay."""
    with store.write() as db:
        if not retention.forget(db, job):
            _refuse(db, Action.FORGET, job)
            raise Conflict(CHANGED)


def _refuse(db: Connection, action: Action, job: Job) -> Job:
    """Raise the reason why a job, as it is now, does not allow an action; return the job when it does."""
    current = jobs.get(db, job.id, job.workspace_id)
    if current is None:
        raise results_gone()
    error = refusal(action, current, runs.is_being_undone(db, job.id))
    if error:
        raise error
    return current


def _undo_row(job: Job) -> dict[str, Any]:
    return {
        "id": new_id(),
        "workspace_id": job.workspace_id,
        "domain_id": job.domain_id,
        "name": job.name,
        "of_job_id": job.id,
        "kind": JobKind.UNDO,
        "status": JobStatus.QUEUED,
        "source": job.source,
        "queue": wakeups.BULK,  # it waits for clicks first, and those who wait for links must not wait with it
        "upload": "",
        "layout": Layout(UNDO).dump(),
        "options": {},
        "metadata": job.metadata,
        "total": job.created + job.updated + job.deleted,
    }
