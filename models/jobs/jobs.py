"""Jobs: one upload each, from its acceptance to its end. States and transitions are in models/states.py."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, bindparam, case, exists, func, insert, or_, select, update

from models import store
from models.states import ACTIVE_STATES, ACTIVE_STATUSES, JobStatus
from models.tables import domains, job_errors, jobs, shards
from models.tables.columns import Time

LARGEST_ERROR_LIST = 64
NO_RUN = 0  # runs count from 1


class Job(NamedTuple):
    """A job's row and the domain of its links."""

    id: int
    workspace_id: int
    domain_id: int
    name: str | None
    kind: str
    run: int
    status: str
    source: str
    queue: str
    dry_run: bool
    upload: str
    layout: dict[str, Any]
    options: dict[str, Any]
    metadata: dict[str, Any]
    total: int | None
    created: int
    updated: int
    deleted: int
    existing: int
    failed: int
    detail: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    progressed_at: datetime | None
    run_base_count: int
    rate_base_at: datetime | None
    rate_base_count: int
    cancelled_at: datetime | None
    of_job_id: int | None
    cleared_at: datetime | None
    hostname: str
    is_default: bool
    case_sensitive: bool

    @property
    def has_ended(self) -> bool:
        return self.status not in ACTIVE_STATUSES


class JobProgress(NamedTuple):
    """How far a job is, right after a statement that changed its counts or its status."""

    id: int
    workspace_id: int
    kind: str
    run: int
    status: str
    dry_run: bool
    options: dict[str, Any]
    total: int | None
    created: int
    updated: int
    deleted: int
    existing: int
    failed: int
    cancelled_at: datetime | None


class Results(NamedTuple):
    """How many items of a shard have which result. `failures` counts by error code."""

    created: int = 0
    updated: int = 0
    deleted: int = 0
    existing: int = 0
    failures: Mapping[str, int] = {}

    @property
    def failed(self) -> int:
        return sum(self.failures.values())

    def __add__(self, other: Any) -> "Results":
        """The results of two parts of a shard."""
        return Results(
            created=self.created + other.created,
            updated=self.updated + other.updated,
            deleted=self.deleted + other.deleted,
            existing=self.existing + other.existing,
            failures=Counter(self.failures) + Counter(other.failures),
        )

    def logged(self) -> dict[str, int]:
        """What a worker logs of a shard."""
        return {name: getattr(self, name) for name in ("failed", "created", "updated", "deleted", "existing")}


class JobRun(NamedTuple):
    id: int
    run: int


def add(db: Connection, values: dict[str, Any]) -> None:
    db.execute(_INSERT, values | {"created_at": datetime.now(UTC)})


def get(db: Connection, job_id: int, workspace_id: int | None = None) -> Job | None:
    """Return a job. With a workspace: only a job of that workspace, and only while it is not forgotten."""
    if workspace_id is None:
        row = db.execute(_SELECT_ONE, {"job": job_id}).one_or_none()
    else:
        row = db.execute(_SELECT_OF_WORKSPACE, {"job": job_id, "workspace": workspace_id}).one_or_none()
    return Job._make(row) if row else None


def progress(db: Connection, job_id: int) -> JobProgress:
    return JobProgress._make(db.execute(select(*_PROGRESS).where(jobs.c.id == job_id)).one())


def errors(db: Connection, job_id: int) -> dict[str, int]:
    """Count a job's failed items by error code, the most frequent first."""
    query = select(job_errors.c.code, job_errors.c.count).where(job_errors.c.job_id == job_id)
    rows = db.execute(query.order_by(job_errors.c.count.desc(), job_errors.c.code).limit(LARGEST_ERROR_LIST))
    return {code: int(count) for code, count in rows}


_COLUMNS = [jobs.c[name] for name in Job._fields if name in jobs.c]
_PROGRESS = [jobs.c[name] for name in JobProgress._fields]
_DOMAIN = (domains.c.hostname, domains.c.is_default, domains.c.case_sensitive)
SELECT = select(*_COLUMNS, *_DOMAIN).join(domains, domains.c.id == jobs.c.domain_id)

# Built once: for a small job, building these takes longer than running them.
_THIS = jobs.c.id == bindparam("job")
_SELECT_ONE = SELECT.where(_THIS)
_SELECT_OF_WORKSPACE = _SELECT_ONE.where(jobs.c.workspace_id == bindparam("workspace"), jobs.c.forgotten_at.is_(None))
_INSERT = insert(jobs)


def succeeded_count(job: Job | JobProgress) -> int:
    return job.created + job.updated + job.deleted + job.existing


def processed_count(job: Job | JobProgress) -> int:
    return succeeded_count(job) + job.failed


def unprocessed_count(job: Job | JobProgress) -> int | None:
    """Count the items that have no result yet; None while the upload is not counted."""
    if job.total is None:
        return None
    return job.total - processed_count(job)


def start(db: Connection, job_id: int) -> None:
    db.execute(_START, {"job": job_id, "now": datetime.now(UTC)})


_START = (
    update(jobs)
    .where(_THIS, jobs.c.status == JobStatus.QUEUED)
    .values(status=JobStatus.RUNNING, started_at=bindparam("now"))
)


def describe(db: Connection, job_id: int, layout: dict[str, Any], upload: str) -> None:
    """Store how the upload is to be read, and the name of its file."""
    db.execute(update(jobs).where(jobs.c.id == job_id).values(layout=layout, upload=upload))


def rename(db: Connection, job_id: int, name: str) -> None:
    db.execute(update(jobs).where(jobs.c.id == job_id).values(name=name))


def set_total(db: Connection, job_id: int, total: int) -> None:
    db.execute(update(jobs).where(jobs.c.id == job_id).values(total=total))


def conclude(db: Connection, job_id: int, run: int, results: Results, may_end: bool = True) -> JobProgress:
    """Add a shard's results, and complete the job if they were the last ones and it may end, in one statement.

    All shards of a job share its row, so this comes last in their transaction.
    """
    ending_run = run if may_end else NO_RUN
    row = db.execute(_CONCLUDE, _result_values(job_id, results) | {"of_run": ending_run}).one()
    _count_failures(db, job_id, results.failures)
    return JobProgress._make(row)


def finish(db: Connection, job_id: int, run: int) -> JobProgress | None:
    """End the job if every item has its result, or if it was cancelled and no shard is being worked on.

    Safe to call at any time and by several workers: one statement decides, and only one caller receives the job.
    """
    active = and_(jobs.c.id == job_id, jobs.c.run == run, jobs.c.status.in_(ACTIVE_STATUSES))
    status = case((jobs.c.total == _PROCESSED, JobStatus.COMPLETED), else_=JobStatus.CANCELLED)
    is_complete = or_(jobs.c.total == _PROCESSED, _STOPPED)
    statement = update(jobs).where(active, is_complete).values(status=status, finished_at=datetime.now(UTC))
    row = db.execute(statement.returning(*_PROGRESS)).one_or_none()
    return JobProgress._make(row) if row else None


def fail(db: Connection, job_id: int, run: int, detail: str) -> JobProgress | None:
    """End the job as failed; None when it has ended already."""
    active = and_(jobs.c.id == job_id, jobs.c.run == run, jobs.c.status.in_(ACTIVE_STATUSES))
    failed = update(jobs).where(active).values(status=JobStatus.FAILED, finished_at=datetime.now(UTC), detail=detail)
    row = db.execute(failed.returning(*_PROGRESS)).one_or_none()
    return JobProgress._make(row) if row else None


def list_finishable(db: Connection) -> list[JobRun]:
    """List active jobs that `finish` would end: the worker that should have ended them died before it could."""
    ready = or_(jobs.c.total == _PROCESSED, _STOPPED)
    query = select(jobs.c.id, jobs.c.run).where(jobs.c.finished_at.is_(None), ready)
    return [JobRun._make(row) for row in db.execute(query)]


def _result_values(job_id: int, results: Results) -> dict[str, Any]:
    return {
        "job": job_id,
        "more_created": results.created,
        "more_updated": results.updated,
        "more_deleted": results.deleted,
        "more_existing": results.existing,
        "more_failed": results.failed,
        "now": datetime.now(UTC),
    }


def _count_failures(db: Connection, job_id: int, failures: Mapping[str, int]) -> None:
    if not failures:
        return
    # Sorted, so that two shards that fail with the same codes lock these rows in the same order.
    rows = [{"job_id": job_id, "code": code, "count": count} for code, count in sorted(failures.items())]
    upsert = store.dialect().insert(job_errors)
    total = {"count": job_errors.c.count + upsert.excluded.count}
    db.execute(upsert.on_conflict_do_update(index_elements=["job_id", "code"], set_=total), rows)


_COUNTS = ("created", "updated", "deleted", "existing", "failed")
_PROCESSED: ColumnElement[int] = jobs.c.created + jobs.c.updated + jobs.c.deleted + jobs.c.existing + jobs.c.failed
_PROCESSED_AFTER = (
    _PROCESSED
    + bindparam("more_created")
    + bindparam("more_updated")
    + bindparam("more_deleted")
    + bindparam("more_existing")
    + bindparam("more_failed")
)
_NOW = bindparam("now", type_=Time)
_IS_LAST = and_(jobs.c.total == _PROCESSED_AFTER, jobs.c.run == bindparam("of_run"), jobs.c.status.in_(ACTIVE_STATUSES))
_CONCLUDE = (
    update(jobs)
    .where(_THIS)
    .values({name: jobs.c[name] + bindparam(f"more_{name}") for name in _COUNTS})
    .values(
        status=case((_IS_LAST, JobStatus.COMPLETED), else_=jobs.c.status),
        finished_at=case((_IS_LAST, _NOW), else_=jobs.c.finished_at),
        progressed_at=_NOW,
        rate_base_at=func.coalesce(jobs.c.rate_base_at, _NOW),
        rate_base_count=case((jobs.c.rate_base_at.is_(None), _PROCESSED_AFTER), else_=jobs.c.rate_base_count),
    )
    .returning(*_PROGRESS)
)

_AT_WORK = exists().where(shards.c.job_id == jobs.c.id, shards.c.run == jobs.c.run, shards.c.state.in_(ACTIVE_STATES))
_STOPPED = and_(jobs.c.cancelled_at.is_not(None), jobs.c.total.is_not(None), ~_AT_WORK)


def try_lock(db: Connection, job_id: int) -> bool:
    """Lock the job's row until the transaction ends; False when another transaction has it."""
    query = select(jobs.c.id).where(jobs.c.id == job_id)
    return db.execute(store.dialect().skip_locked(query, jobs)).first() is not None


def lock(db: Connection, job_id: int) -> bool:
    """Lock the job's row until the transaction ends; return whether the job was cancelled."""
    query = select(jobs.c.cancelled_at).where(jobs.c.id == job_id).with_for_update()
    return db.execute(query).scalar_one_or_none() is not None
