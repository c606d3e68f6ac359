"""Cancel, retry, undo and forget: what each does to a job, what it announces, and what it refuses."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, text, update

from models import store
from models.accounts.keys import Owner
from models.errors import Conflict, Gone
from models.jobs import items, jobs, leases, retention, runs
from models.jobs.jobs import Job, Results
from models.states import ItemStatus, JobStatus, ShardKind, ShardState
from models.tables import jobs as job_rows
from models.tables import shards
from producer import completion, control
from producer.accept import CUT_AT_ONCE_BYTES
from producer.signals import wakeups
from producer.unit_of_work import unit_of_work
from tests.steps import Steps, accept_csv, read_job, record_steps
from tests.waiting import wait_until

ROWS = "url\nhttps://a.example/\nnope\n"
LARGE = "url\n" + ("https://example.com/" + "a" * 1000 + "\n") * (CUT_AT_ONCE_BYTES // 1000)


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    return record_steps(monkeypatch)


@pytest.fixture
def job(owner: Owner, steps: Steps) -> Job:
    """A job of two rows, of which nothing is done yet."""
    job_id = accept_csv(owner, ROWS)
    steps.clear()
    return read_job(job_id)


@pytest.fixture
def ended_job(job: Job, steps: Steps) -> Job:
    """The same, when one row has its link and the other has failed."""
    with store.write() as db:
        claim = leases.claim(db, ShardKind.CREATE, wakeups.INTERACTIVE, (0, 0))
    assert claim
    columns = {"job_id": job.id, "index": [0, 1], "line": [2, 3], "status": [ItemStatus.CREATED, ItemStatus.FAILED]}
    with unit_of_work() as unit:
        leases.finish(unit.db, claim)
        items.write(unit.db, columns, 2)
        completion.record(unit, claim, Results(created=1, failures={"INVALID_URL": 1}))
    steps.clear()
    return read_job(job.id)


def shard_states(job_id: int) -> list[tuple[int, str, str]]:
    query = select(shards.c.run, shards.c.kind, shards.c.state).where(shards.c.job_id == job_id)
    with store.read() as db:
        return [(row.run, row.kind, row.state) for row in db.execute(query.order_by(shards.c.run))]


def test_a_job_that_no_worker_has_begun_ends_when_it_is_cancelled(job: Job, steps: Steps) -> None:
    control.cancel(job)
    assert read_job(job.id).status == JobStatus.CANCELLED
    assert (steps.ends, steps.progress) == ([job.id], [])
    assert shard_states(job.id) == [(1, "create", ShardState.SKIPPED)]


def test_a_job_that_is_being_worked_on_ends_later(job: Job, steps: Steps) -> None:
    with store.write() as db:
        leases.claim(db, ShardKind.CREATE, wakeups.INTERACTIVE, (0, 0))
    control.cancel(job)
    assert read_job(job.id).status == JobStatus.RUNNING
    assert (steps.ends, steps.progress) == ([], [job.id])


def test_to_cancel_a_cancelled_job_again_changes_nothing(job: Job, steps: Steps) -> None:
    control.cancel(job)
    steps.clear()
    control.cancel(job)
    assert steps.is_empty()


def test_a_completed_job_is_not_cancelled(ended_job: Job, steps: Steps) -> None:
    with pytest.raises(Conflict, match="completed"):
        control.cancel(ended_job)
    assert steps.is_empty()


def test_a_retry_opens_the_next_run_and_wakes_workers(ended_job: Job, steps: Steps) -> None:
    control.retry(ended_job)
    job = read_job(ended_job.id)
    assert (job.run, job.status, job.created, job.failed) == (2, JobStatus.QUEUED, 1, 0)
    assert (steps.tasks, steps.progress) == (["create"], [job.id])
    assert shard_states(job.id) == [(1, "create", ShardState.DONE), (2, "create", ShardState.QUEUED)]


def test_of_two_retries_the_second_is_refused_and_announces_nothing(ended_job: Job, steps: Steps) -> None:
    control.retry(ended_job)
    steps.clear()
    with pytest.raises(Conflict, match="queued"):
        control.retry(ended_job)
    assert steps.is_empty()


def test_an_undo_is_a_job_of_its_own_in_the_same_ranges(ended_job: Job, steps: Steps) -> None:
    undo = read_job(control.undo(ended_job))
    assert (undo.kind, undo.of_job_id, undo.total, undo.status) == ("undo", ended_job.id, 1, JobStatus.QUEUED)
    assert steps.tasks == ["undo"]
    assert shard_states(undo.id) == [(1, "undo", ShardState.QUEUED)]


def test_an_undo_of_a_job_that_had_a_further_run_counts_its_links_as_they_are_now(ended_job: Job, steps: Steps) -> None:
    with store.write() as db:
        db.execute(update(job_rows).where(job_rows.c.id == ended_job.id).values(run=2, created=2, failed=0))
    assert read_job(control.undo(ended_job)).total == 2


@pytest.mark.parametrize("owner", ["postgresql"], indirect=True)
def test_a_retry_that_waits_for_an_undo_is_refused(ended_job: Job, steps: Steps) -> None:
    row = control._undo_row(ended_job)
    with ThreadPoolExecutor(1) as another:
        with store.write() as db:
            jobs.lock(db, ended_job.id)
            runs.start_undo(db, ended_job, row)
            retry = another.submit(control.retry, ended_job)
            wait_until(is_anybody_waiting, what="the retry to wait")
        with pytest.raises(Conflict, match="being undone"):
            retry.result()


@pytest.mark.parametrize("owner", ["postgresql"], indirect=True)
def test_to_cancel_waits_for_nobody_who_claims_a_shard(job: Job, steps: Steps) -> None:
    with ThreadPoolExecutor(1) as another, store.write() as db:
        db.execute(update(shards).where(shards.c.job_id == job.id).values(state=ShardState.RUNNING))
        another.submit(control.cancel, job).result(10)
    assert read_job(job.id).cancelled_at
    assert shard_states(job.id) == [(1, "create", ShardState.RUNNING)]


def is_anybody_waiting() -> bool:
    """Whether a transaction waits for the lock of another one."""
    query = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    with store.read() as db:
        return bool(db.execute(query).scalar_one())


def test_a_job_is_undone_once_at_a_time(ended_job: Job, steps: Steps) -> None:
    control.undo(ended_job)
    for action in (control.undo, control.retry, control.forget):
        with pytest.raises(Conflict, match="being undone"):
            action(ended_job)


@pytest.mark.parametrize("action", [control.retry, control.undo, control.forget])
def test_an_open_job_allows_nothing_but_to_cancel_it(job: Job, action: Callable[[Job], object]) -> None:
    with pytest.raises(Conflict):
        action(job)


def test_a_forgotten_job_is_gone_for_its_workspace(ended_job: Job) -> None:
    control.forget(ended_job)
    with store.read() as db:
        assert jobs.get(db, ended_job.id, ended_job.workspace_id) is None
    for action in (control.forget, control.retry, control.undo):
        with pytest.raises(Gone):
            action(ended_job)


def test_a_cleared_job_is_neither_retried_nor_undone(ended_job: Job) -> None:
    assert ended_job.finished_at
    with store.write() as db:
        assert retention.mark_over(db, ended_job.finished_at.replace(year=9999)) == 1
    for action in (control.retry, control.undo):
        with pytest.raises(Gone):
            action(ended_job)


def test_a_cancelled_upload_is_still_cut(owner: Owner, steps: Steps) -> None:
    job_id = accept_csv(owner, LARGE)
    control.cancel(read_job(job_id))
    assert shard_states(job_id) == [(1, "split", ShardState.QUEUED)]
    assert steps.ends == []
