"""Jobs: one upload each, with its counters and its way through the states.

queued -> running (first shard claimed) -> completed (every row counted)
queued or running -> failed (the upload itself cannot be read)
What users can do to a job beside that, models/runs.py says; how it goes in the end, models/clearing.py.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, bindparam, case, exists, func, insert, or_, select, update

from models import store
from models.jobs.states import ACTIVE_STATES, ACTIVE_STATUSES, JobStatus
from models.tables import domains, job_errors, jobs, shards
from models.tables.columns import Time

ERRORS_SHOWN = 64

Job = Row[*tuple[Any, ...]]

PROCESSED: ColumnElement[int] = jobs.c.created + jobs.c.existing + jobs.c.failed
AT_WORK = exists().where(shards.c.job_id == jobs.c.id, shards.c.run == jobs.c.run, shards.c.state.in_(ACTIVE_STATES))
STOPPED = and_(jobs.c.cancelled_at.is_not(None), jobs.c.total.is_not(None), ~AT_WORK)
WITH_DOMAIN = (jobs, domains.c.hostname, domains.c.is_default)

# Built once: a small job asks these, and to build them takes longer than to answer them.
THIS = jobs.c.id == bindparam("this")
ONE = select(*WITH_DOMAIN).join(domains, domains.c.id == jobs.c.domain_id).where(THIS)
OURS = ONE.where(jobs.c.workspace_id == bindparam("ours"), jobs.c.forgotten_at.is_(None))
ADDED = insert(jobs)
BEGUN = (
    update(jobs)
    .where(THIS, jobs.c.status == JobStatus.QUEUED)
    .values(status=JobStatus.RUNNING, started_at=bindparam("now"))
)
MORE = PROCESSED + bindparam("made") + bindparam("found") + bindparam("lost")
RECORDED = (
    update(jobs)
    .where(THIS)
    .values(
        created=jobs.c.created + bindparam("made"),
        existing=jobs.c.existing + bindparam("found"),
        failed=jobs.c.failed + bindparam("lost"),
        progressed_at=bindparam("now", type_=Time),
        paced_at=func.coalesce(jobs.c.paced_at, bindparam("now", type_=Time)),
        paced=case((jobs.c.paced_at.is_(None), MORE), else_=jobs.c.paced),
    )
)
LAST = and_(jobs.c.total == MORE, jobs.c.run == bindparam("of_run"), jobs.c.status.in_(ACTIVE_STATUSES))
ENDED = RECORDED.values(
    status=case((LAST, JobStatus.COMPLETED), else_=jobs.c.status),
    finished_at=case((LAST, bindparam("now", type_=Time)), else_=jobs.c.finished_at),
).returning(jobs)


def add(db: Connection, row: dict[str, Any]) -> None:
    db.execute(ADDED, row | {"created_at": datetime.now(UTC)})


def get(db: Connection, job_id: int, workspace_id: int | None = None) -> Job | None:
    """A job and its domain; with a workspace, only when the job is that one's and not forgotten."""
    if workspace_id is None:
        return db.execute(ONE, {"this": job_id}).one_or_none()
    return db.execute(OURS, {"this": job_id, "ours": workspace_id}).one_or_none()


def page(db: Connection, workspace_id: int, status: str | None, before: int | None, limit: int) -> list[Job]:
    """The newest first: ids sort by time."""
    query = select(*WITH_DOMAIN).join(domains, domains.c.id == jobs.c.domain_id)
    mine = (jobs.c.workspace_id == workspace_id, jobs.c.forgotten_at.is_(None))
    query = query.where(*mine).order_by(jobs.c.id.desc()).limit(limit)
    if status:
        query = query.where(jobs.c.status == status)
    if before is not None:
        query = query.where(jobs.c.id < before)
    return list(db.execute(query).all())


def errors(db: Connection, job_id: int) -> dict[str, int]:
    """How many items failed of what, the commonest first."""
    query = select(job_errors.c.code, job_errors.c.count).where(job_errors.c.job_id == job_id)
    rows = db.execute(query.order_by(job_errors.c.count.desc(), job_errors.c.code).limit(ERRORS_SHOWN))
    return {code: int(count) for code, count in rows}


def start(db: Connection, job_id: int) -> None:
    db.execute(BEGUN, {"this": job_id, "now": datetime.now(UTC)})


def describe(db: Connection, job_id: int, layout: dict[str, Any], upload: str) -> None:
    """Notes how the upload turned out to be made, as soon as that is known."""
    db.execute(update(jobs).where(jobs.c.id == job_id).values(layout=layout, upload=upload))


def counted(db: Connection, job_id: int, total: int) -> None:
    db.execute(update(jobs).where(jobs.c.id == job_id).values(total=total))


def record(db: Connection, job_id: int, created: int, existing: int, failures: dict[str, int]) -> None:
    """Adds a shard's results. The job's row is what all shards share, so this comes last in their transaction."""
    db.execute(RECORDED, _counts(job_id, created, existing, failures))
    _note(db, job_id, failures)


def conclude(db: Connection, job_id: int, run: int, created: int, existing: int, failures: dict[str, int]) -> Job:
    """The same, and when they were the last ones the job is completed. Returns it as it is now, without its domain."""
    job = db.execute(ENDED, _counts(job_id, created, existing, failures) | {"of_run": run}).one()
    _note(db, job_id, failures)
    return job


def finish(db: Connection, job_id: int, run: int) -> Job | None:
    """Ends the job if every row has its result, or if it was cancelled and nobody works on it any more.

    Anybody may try at any time: one statement decides, and only once.
    """
    mine = and_(jobs.c.id == job_id, jobs.c.run == run, jobs.c.status.in_(ACTIVE_STATUSES))
    status = case((jobs.c.total == PROCESSED, JobStatus.COMPLETED), else_=JobStatus.CANCELLED)
    ended = update(jobs).where(mine, or_(jobs.c.total == PROCESSED, STOPPED))
    return db.execute(ended.values(status=status, finished_at=datetime.now(UTC)).returning(jobs)).one_or_none()


def free(db: Connection, job_id: int) -> bool:
    """Whether nobody is changing the job right now; then nobody else does until this transaction's end."""
    query = select(jobs.c.id).where(jobs.c.id == job_id)
    return db.execute(store.dialect().skip_locked(query, jobs)).first() is not None


def hold(db: Connection, job_id: int) -> bool:
    """Keeps everybody else from changing the job until this transaction's end; tells whether it was cancelled."""
    query = select(jobs.c.cancelled_at).where(jobs.c.id == job_id).with_for_update()
    return db.execute(query).scalar_one_or_none() is not None


def fail(db: Connection, job_id: int, run: int, detail: str) -> Job | None:
    broken = update(jobs).where(jobs.c.id == job_id, jobs.c.run == run, jobs.c.status.in_(ACTIVE_STATUSES))
    ended = {"status": JobStatus.FAILED, "finished_at": datetime.now(UTC), "detail": detail}
    return db.execute(broken.values(ended).returning(jobs)).one_or_none()


def complete(db: Connection) -> list[Job]:
    """Open jobs that nobody has anything left to do for: whoever should have ended them died before."""
    ready = or_(jobs.c.total == PROCESSED, STOPPED)
    query = select(jobs.c.id, jobs.c.run).where(jobs.c.finished_at.is_(None), ready)
    return list(db.execute(query).all())


def _counts(job_id: int, created: int, existing: int, failures: dict[str, int]) -> dict[str, Any]:
    lost, now = sum(failures.values()), datetime.now(UTC)
    return {"this": job_id, "made": created, "found": existing, "lost": lost, "now": now}


def _note(db: Connection, job_id: int, failures: dict[str, int]) -> None:
    """Of what items failed."""
    if failures:
        rows = [{"job_id": job_id, "code": code, "count": count} for code, count in sorted(failures.items())]
        upsert = store.dialect().insert(job_errors)
        more = {"count": job_errors.c.count + upsert.excluded.count}
        db.execute(upsert.on_conflict_do_update(index_elements=["job_id", "code"], set_=more), rows)
