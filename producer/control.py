"""What users do to a job that is there: cancel it, try it again, undo it, forget it."""

from models import store
from models.errors import Conflict, Gone
from models.ids import new_id
from models.jobs import jobs, retention, runs, shards, states
from models.jobs.jobs import Job
from models.jobs.states import JobKind, JobStatus
from producer import completion
from producer.intake.formats import UNDO, Layout
from producer.signals import waiting, wakeups

ENDED = (JobStatus.COMPLETED, JobStatus.CANCELLED)


def cancel(job: Job) -> None:
    """Stops at the edges of shards. A job that ended as cancelled stays so; another end cannot be taken back."""
    with store.write() as db:
        asked = runs.cancel(db, job.id)
        ended = completion.finish(db, job.id, job.run) if asked else None
    if ended:
        completion.announce(ended)
    elif asked:
        waiting.tell_progress(job.id)
    elif job.status != JobStatus.CANCELLED:
        raise Conflict(f"the job has ended: it is {job.status}")


def retry(job: Job) -> None:
    """Runs failed and unprocessed items again. Its status has left its end when this returns."""
    refuse_cleared(job)
    with store.write() as db:
        if not runs.retry(db, job):
            raise Conflict(_no_retry(db, job))
        due = shards.due(db, job.id, wakeups.room())
    wakeups.wake(due)
    waiting.tell_progress(job.id)


def undo(job: Job) -> int:
    """Begins the job that deletes what this one made and nobody clicked; returns its id."""
    refuse_cleared(job)
    if job.kind != JobKind.CREATE or job.dry_run or job.status in states.ACTIVE_STATUSES:
        raise Conflict("only a job that made links and has ended can be undone")
    made = {
        "id": new_id(),
        "workspace_id": job.workspace_id,
        "domain_id": job.domain_id,
        "of_job_id": job.id,
        "kind": JobKind.UNDO,
        "status": JobStatus.QUEUED,
        "source": job.source,
        "queue": wakeups.queue_for(job.created),
        "upload": "",
        "layout": Layout(UNDO).dump(),
        "options": {},
        "metadata": job.metadata,
        "total": job.created,
    }
    with store.write() as db:
        jobs.hold(db, job.id)
        refuse_cleared(jobs.get(db, job.id, job.workspace_id))
        if runs.being_undone(db, job.id):
            raise Conflict("the job is being undone")
        runs.undo(db, job, made)
        due = shards.due(db, int(made["id"]), wakeups.room())
        ended = None if job.created else completion.finish(db, int(made["id"]), 1)
    wakeups.wake(due)
    if ended:
        completion.announce(ended)
    return int(made["id"])


def forget(job: Job) -> None:
    """From now on nobody sees it; the sweep clears its upload and results away. Its links stay."""
    with store.write() as db:
        if not retention.forget(db, job):
            raise Conflict("the job is open, or being undone: cancel it or wait for its end first")


def refuse_cleared(job: Job | None) -> None:
    if job is None or job.cleared_at is not None:
        raise Gone("the upload and results of this job are gone: its time was over")


def _no_retry(db: store.Connection, job: Job) -> str:
    if job.kind != JobKind.CREATE or job.dry_run:
        return "only a job that makes links can be tried again"
    if job.status not in ENDED:
        return f"a job that is {job.status} cannot be tried again"
    if runs.being_undone(db, job.id):
        return "the job is being undone"
    return "every item has its link: there is nothing to try again"
