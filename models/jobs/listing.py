"""Lists of jobs: those of a workspace, as people filter them, and the job that undid another one."""

from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from models.jobs.jobs import SELECT, Job
from models.states import ACTIVE_STATUSES, JobStatus
from models.tables import jobs


class JobState(StrEnum):
    """What people see of a job: whether it runs, or how it ended."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELLED = "cancelled"


class JobFilter(NamedTuple):
    """Which jobs to list. None is no condition."""

    status: str | None = None
    state: str | None = None
    search: str | None = None
    """A part of the name."""


class UndoJob(NamedTuple):
    """The last job that undid another one."""

    id: int
    status: str


def page(db: Connection, workspace_id: int, job_filter: JobFilter, before: int | None, limit: int) -> list[Job]:
    """List a workspace's jobs, newest first: ids sort by time."""
    query = SELECT.where(jobs.c.workspace_id == workspace_id, jobs.c.forgotten_at.is_(None))
    query = query.where(*_conditions(job_filter))
    if before is not None:
        query = query.where(jobs.c.id < before)
    return [Job._make(row) for row in db.execute(query.order_by(jobs.c.id.desc()).limit(limit))]


def find_undo(db: Connection, job: Job) -> UndoJob | None:
    """Find the last job that undid this one, since its last run."""
    query = select(jobs.c.id, jobs.c.status).where(jobs.c.of_job_id == job.id, jobs.c.forgotten_at.is_(None))
    if job.finished_at is not None:
        query = query.where(jobs.c.created_at >= job.finished_at)
    row = db.execute(query.order_by(jobs.c.id.desc()).limit(1)).first()
    return UndoJob._make(row) if row else None


def _conditions(job_filter: JobFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if job_filter.status:
        conditions.append(jobs.c.status == job_filter.status)
    if job_filter.state:
        conditions.append(_STATES[JobState(job_filter.state)])
    if job_filter.search:
        conditions.append(jobs.c.name.icontains(job_filter.search, autoescape=True))
    return conditions


_SUCCEEDED_ROWS = jobs.c.created + jobs.c.updated + jobs.c.deleted + jobs.c.existing
_IS_COMPLETED = jobs.c.status == JobStatus.COMPLETED
_STATES: dict[JobState, ColumnElement[bool]] = {
    JobState.RUNNING: jobs.c.status.in_(ACTIVE_STATUSES),
    JobState.SUCCEEDED: and_(_IS_COMPLETED, jobs.c.total == _SUCCEEDED_ROWS),
    JobState.PARTIAL: and_(_IS_COMPLETED, _SUCCEEDED_ROWS > 0, jobs.c.total > _SUCCEEDED_ROWS),
    JobState.FAILED: or_(
        jobs.c.status == JobStatus.FAILED, and_(_IS_COMPLETED, _SUCCEEDED_ROWS == 0, jobs.c.total > 0)
    ),
    JobState.CANCELLED: jobs.c.status == JobStatus.CANCELLED,
}
"""As `producer.documents.job_document.job_outcome` decides it for one job."""
