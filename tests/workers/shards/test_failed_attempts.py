"""Attempts: what fails three times is halved until the row at fault is alone; what failed by itself is not blamed."""

import errno
import signal
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count
from typing import Any
from unittest.mock import create_autospec

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from sqlalchemy import update
from sqlalchemy.exc import InternalError, OperationalError, StatementError

from models import store
from models.accounts.keys import Owner
from models.errors import DuplicateKey, Unreadable
from models.jobs import dispatch, items, jobs, leases
from models.links import links
from models.states import JobStatus, ShardKind, ShardState
from models.tables import jobs as job_table
from models.tables import links as link_table
from models.tables import shards as table
from producer import control
from producer.accept import CUT_AT_ONCE_BYTES, Upload, accept
from producer.intake import upload_store
from producer.intake.batch import Batch
from producer.intake.layouts import CSV
from producer.job_options import Options
from producer.rules import judging
from producer.signals import wakeups
from workers import sweep
from workers.shards import attempts, create, failed_attempts, split

POISON = "https://example.com/poison"


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wakeups, "send_task", create_autospec(wakeups.send_task, return_value=True))
    monkeypatch.setattr(failed_attempts, "PAUSES", (0.0, 0.0))


@pytest.fixture
def poisoned(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever judges a certain row breaks."""
    judge = judging.judge

    def breaks(read: Batch, *more: Any) -> Any:
        assert not any(read.raw(row).get("url") == POISON for row in range(read.rows))
        return judge(read, *more)

    monkeypatch.setattr(create, "judge", breaks)


@pytest.mark.usefixtures("poisoned")
def test_the_one_row_that_breaks_a_shard_ends_alone(owner: Owner) -> None:
    job = posted(owner, [f"https://example.com/{at}" for at in range(40)] + [POISON] + ["https://example.com/z"] * 9)
    work_off(create_once)
    with store.read() as db:
        found = {row.at: row for row in items.page(db, job, domain(job), (), -1, 100)}
        ended = jobs.get(db, job)
    assert ended is not None
    assert [row.error_code for row in found.values()] == [None] * 40 + ["INTERNAL"] + [None] * 9
    assert [row.line for row in found.values()] == list(range(2, 52))
    assert (ended.status, ended.total, ended.created, ended.failed) == ("completed", 50, 49, 1)


def test_rows_that_cannot_be_read_end_too(owner: Owner) -> None:
    job = posted(owner, ["https://example.com/"] * 3)
    with store.read() as db:
        upload_store.delete(jobs.get(db, job).upload)  # type: ignore[union-attr]
    work_off(create_once)
    with store.read() as db:
        found = items.page(db, job, domain(job), (), -1, 10)
        ended = jobs.get(db, job)
    assert [(row.line, row.error_code) for row in found] == [(2, "INTERNAL"), (3, "INTERNAL"), (4, "INTERNAL")]
    assert ended is not None
    assert (ended.status, ended.failed) == ("completed", 3)


def test_a_database_that_goes_away_costs_no_attempt(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    job = posted(owner, ["https://example.com/"])
    fails(monkeypatch, create, "_commit", 7)
    for _ in range(7):
        with pytest.raises(OperationalError):
            create_once()
        with store.read() as db:
            assert db.execute(table.select()).one().attempts == 0
    work_off(create_once)
    with store.read() as db:
        assert jobs.get(db, job).created == 1  # type: ignore[union-attr]


@pytest.mark.parametrize("owner", ["postgresql"], indirect=True)
def test_a_database_that_accepts_no_writes_costs_no_attempt(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    posted(owner, ["https://example.com/"])
    finish = leases.finish
    monkeypatch.setattr(leases, "finish", create_autospec(finish, side_effect=refuse_writes))
    with pytest.raises(InternalError):
        create_once()
    with store.read() as db:
        assert db.execute(table.select()).one().attempts == 0
    monkeypatch.setattr(leases, "finish", finish)
    assert create_once()["created"] == 1


def refuse_writes(db: store.Connection, _claim: leases.Claim) -> None:
    db.exec_driver_sql("SET TRANSACTION READ ONLY")
    db.execute(table.delete())


def test_what_cannot_be_freed_at_once_is_freed_when_the_database_is_back(
    owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    posted(owner, ["https://example.com/"])
    fails(monkeypatch, create, "_commit", 1)
    fails(monkeypatch, leases, "give_back", 1)
    with pytest.raises(OperationalError):
        create_once()
    with store.read() as db:
        assert db.execute(table.select()).one().state == ShardState.QUEUED


def test_an_upload_that_cannot_be_cut_ends_its_job(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    job = posted(owner, ["https://example.com/" + "a" * 1000] * (CUT_AT_ONCE_BYTES // 1000 + 1))
    monkeypatch.setattr(split, "cut_in_order", lambda *_: 1 / 0)
    work_off(split_once)
    with store.read() as db:
        ended = jobs.get(db, job)
    assert ended is not None
    assert (ended.status, ended.detail) == ("failed", failed_attempts.CANNOT_SPLIT)
    with store.read() as db:
        assert dispatch.count_queued(db, wakeups.BULK) == 0


def test_an_undo_that_fails_three_times_says_so(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    job = posted(owner, ["https://example.com/"])
    work_off(create_once)
    monkeypatch.setitem(attempts.WORK, ShardKind.UNDO, fail_by_itself)
    with store.read() as db:
        undone = jobs.get(db, job)
    assert undone
    undo_id = control.undo(undone)
    work_off(lambda: attempts.work_on_next(ShardKind.UNDO, wakeups.BULK, (0, 0)))
    with store.read() as db:
        ended = jobs.get(db, undo_id)
    assert ended is not None
    assert (ended.status, ended.detail) == ("failed", failed_attempts.CANNOT_UNDO)


def test_two_sweeps_at_once_free_a_shard_once(owner: Owner) -> None:
    posted(owner, ["https://example.com/"] * 8)
    with store.write() as db:
        assert leases.claim(db, ShardKind.CREATE, wakeups.INTERACTIVE, (0, 0))
        db.execute(update(table).values(leased_until=0, owner="1 0"))
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: sweep.sweep(), range(4)))
    work_off(create_once)
    with store.read() as db:
        shard = db.execute(table.select()).one()
    assert shard.attempts + shard.delays == 2  # which of the two it counts as depends on how the store sees the owner


def test_the_sweep_ends_a_job_whose_last_worker_died_before(owner: Owner) -> None:
    job = posted(owner, ["https://example.com/"])
    work_off(create_once)
    with store.write() as db:
        db.execute(update(job_table).values(status=JobStatus.RUNNING, finished_at=None))
    assert sweep.sweep()["ended"] == 1
    with store.read() as db:
        assert jobs.get(db, job).status == JobStatus.COMPLETED  # type: ignore[union-attr]


@pytest.mark.parametrize("owner", ["postgresql"], indirect=True)
def test_the_sweep_waits_for_nobody_who_is_ending_a_job(owner: Owner) -> None:
    job = posted(owner, ["https://example.com/"])
    work_off(create_once)
    with store.write() as db:
        db.execute(update(job_table).values(status=JobStatus.RUNNING, finished_at=None))
    with ThreadPoolExecutor(1) as another, store.write() as db:
        assert jobs.finish(db, job, 1)
        another.submit(sweep.finish_complete_jobs).result(10)
    with store.read() as db:
        assert jobs.get(db, job).status == JobStatus.COMPLETED  # type: ignore[union-attr]


def test_wake_ups_for_jobs_that_ended_or_never_were_do_nothing(owner: Owner) -> None:
    job = posted(owner, ["https://example.com/"] * 2)
    with store.write() as db:
        jobs.fail(db, job, 1, "stopped")
    for name in (job, 1, -7):
        for kind in (ShardKind.CREATE, ShardKind.SPLIT):
            attempts.work_on_next(kind, wakeups.BULK, (name, 0))
    work_off(create_once)
    with store.read() as db:
        assert jobs.get(db, job).created == 0  # type: ignore[union-attr]
        assert dispatch.count_queued(db, wakeups.INTERACTIVE) == 0


def test_a_slug_that_is_taken_meanwhile_leaves_the_connection_as_good_as_before(owner: Owner) -> None:
    job = posted(owner, ["https://example.com/"])
    work_off(create_once)
    with store.read() as db:
        one = dict(db.execute(link_table.select()).one()._mapping)
    columns = {name: [value] for name, value in one.items()}
    with pytest.raises(DuplicateKey), store.write() as db:
        links.write(db, columns, 1)
    with store.write() as db:
        assert dispatch.count_queued(db, wakeups.INTERACTIVE) == 0
        assert len(items.page(db, job, domain(job), (), -1, 10)) == 1


def test_a_time_limit_in_the_middle_of_a_write_leaves_nothing_and_breaks_nothing(
    owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_late(*_: object) -> None:
        raise SoftTimeLimitExceeded

    job = posted(owner, ["https://example.com/"])
    writes = links.write
    before = signal.signal(signal.SIGALRM, too_late)
    for after in (0.03, 0.1):
        monkeypatch.setattr(links, "write", partial(write_until_alarm, job, after))
        # SQLAlchemy wraps what is raised while it prepares a statement.
        with pytest.raises((SoftTimeLimitExceeded, StatementError), match="SoftTimeLimitExceeded"):
            create_once()
    signal.signal(signal.SIGALRM, before)
    monkeypatch.setattr(links, "write", writes)
    work_off(create_once)
    with store.read() as db:
        assert len(db.execute(link_table.select()).all()) == 1


def posted(owner: Owner, urls: list[str]) -> int:
    return accept(Upload(CSV, CSV, ["\n".join(["url", *urls, ""]).encode()]), owner, Options)


def fail_by_itself(*_: object) -> dict[str, Any]:
    raise ArithmeticError


def create_once() -> dict[str, Any]:
    return attempts.work_on_next(ShardKind.CREATE, wakeups.INTERACTIVE, (0, 0))


def split_once() -> dict[str, Any]:
    return attempts.work_on_next(ShardKind.SPLIT, wakeups.BULK, (0, 0))


def work_off(once: Callable[[], dict[str, Any]]) -> None:
    """Works until nothing is left, as a pool that is woken again and again does."""
    result: dict[str, Any] = {}
    while not result.get("idle"):
        try:
            result = once()
        except (ArithmeticError, AssertionError, Unreadable):
            continue


def write_until_alarm(job: int, seconds: float, db: store.Connection, *_: object) -> None:
    signal.setitimer(signal.ITIMER_REAL, seconds)
    for at in count():
        columns = {"job_id": job, "index": range(at * 1000, at * 1000 + 1000), "line": 1, "status": "created"}
        items.write(db, columns, 1000)


def fails(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, times: int) -> None:
    """The first calls find that the database is away."""
    does, left = getattr(module, name), iter(range(times))
    cause = sqlite3.OperationalError("away")
    cause.sqlite_errorcode = sqlite3.SQLITE_BUSY

    def called(*arguments: Any) -> Any:
        if next(left, None) is not None:
            raise OperationalError("?", None, cause, connection_invalidated=True)
        return does(*arguments)

    monkeypatch.setattr(module, name, called)


def domain(job: int) -> int:
    with store.read() as db:
        found = jobs.get(db, job)
    assert found is not None
    return int(found.domain_id)


@pytest.mark.parametrize(
    ("error", "counts"),
    [
        (OSError(errno.EIO, "the disk"), False),
        (ConnectionResetError(errno.ECONNRESET, "the store"), False),
        (FileNotFoundError(errno.ENOENT, "not mounted"), False),
        (OSError(errno.EINVAL, "a place before the file"), True),
        (OSError(errno.ENAMETOOLONG, "a name"), True),
        (ValueError("a row"), True),
    ],
)
@pytest.mark.parametrize("owner", ["sqlite"], indirect=True)
def test_an_attempt_does_not_count_when_files_were_away(owner: Owner, error: Exception, counts: bool) -> None:
    job = posted(owner, ["https://example.com/a"])
    with store.write() as db:
        claim = leases.claim(db, ShardKind.CREATE, wakeups.INTERACTIVE, (0, 0))
    assert claim
    failed_attempts.handle(claim, error)
    with store.read() as db:
        attempts_so_far = db.execute(table.select().where(table.c.job_id == job)).one().attempts
    assert attempts_so_far == int(counts)
