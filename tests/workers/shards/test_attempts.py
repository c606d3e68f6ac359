"""One attempt at a shard: claimed by its kind and queue, worked on unless its job is over, and recorded."""

import pytest
from sqlalchemy import select, update

from models import store
from models.accounts.keys import Owner
from models.errors import LostLease
from models.jobs import jobs, leases
from models.states import JobStatus, ShardKind, ShardState
from models.tables import jobs as job_table
from models.tables import shards
from producer import control
from producer.intake import upload_store
from producer.signals import counters, wakeups
from tests.steps import Steps, accept_csv, read_job, record_steps
from tests.work import work
from workers.shards import attempts, failed_attempts

ROWS = "url\nhttps://a.example/\nhttps://b.example/\n"


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    return record_steps(monkeypatch)


def shard_state(job_id: int) -> str:
    with store.read() as db:
        return str(db.execute(select(shards.c.state).where(shards.c.job_id == job_id)).scalar_one())


def test_without_a_shard_there_is_nothing_to_do(owner: Owner, steps: Steps) -> None:
    assert work(ShardKind.CREATE) == {"idle": True}


def test_a_result_names_job_shard_and_rows_for_flower(owner: Owner, steps: Steps) -> None:
    job_id = accept_csv(owner, ROWS)
    assert work(ShardKind.CREATE) == {
        "job": str(job_id), "shard": 0, "rows": 2, "created": 2, "updated": 0, "deleted": 0, "existing": 0, "failed": 0
    }  # fmt: skip


def test_the_hinted_job_comes_first(owner: Owner, steps: Steps) -> None:
    accept_csv(owner, ROWS)
    second = accept_csv(owner, ROWS)
    result = attempts.work_on_next(ShardKind.CREATE, wakeups.INTERACTIVE, (second, 0))
    assert result["job"] == str(second)


def test_a_shard_is_counted_with_the_time_that_it_took(owner: Owner, steps: Steps) -> None:
    accept_csv(owner, ROWS)
    counters.pending.clear()
    work(ShardKind.CREATE)
    names = {name.split("|")[0] for name in counters.pending.counts}
    assert {counters.SHARDS, counters.SHARD_MICROSECONDS} <= names


def test_a_shard_of_a_job_that_has_ended_is_settled_without_work(owner: Owner, steps: Steps) -> None:
    job_id = accept_csv(owner, ROWS)
    with store.write() as db:
        jobs.fail(db, job_id, 1, "stopped")
    assert work(ShardKind.CREATE)["gone"]
    assert (shard_state(job_id), read_job(job_id).created) == (ShardState.DONE, 0)


def test_a_shard_that_was_claimed_just_before_its_job_was_cancelled_is_skipped(owner: Owner, steps: Steps) -> None:
    job_id = accept_csv(owner, ROWS)
    with store.write() as db:
        claim = leases.claim(db, ShardKind.CREATE, wakeups.INTERACTIVE, (0, 0))
    assert claim
    control.cancel(read_job(job_id))
    steps.clear()
    assert attempts.work(claim) == {"cancelled": True}
    assert (shard_state(job_id), read_job(job_id).status) == (ShardState.SKIPPED, JobStatus.CANCELLED)
    assert steps.ends == [job_id]


def test_a_worker_that_was_too_slow_writes_nothing_and_says_so(
    owner: Owner, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose(*_: object) -> None:
        raise LostLease("another worker has it")

    job_id = accept_csv(owner, ROWS)
    steps.clear()
    monkeypatch.setattr(leases, "finish", lose)
    assert work(ShardKind.CREATE)["lost"]
    assert (read_job(job_id).created, steps.is_empty()) == (0, True)


def test_an_error_gives_the_shard_back_and_is_raised(
    owner: Owner, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    job_id = accept_csv(owner, ROWS)
    monkeypatch.setitem(attempts.WORK, ShardKind.CREATE, fail)
    with pytest.raises(ZeroDivisionError):
        work(ShardKind.CREATE)
    assert shard_state(job_id) == ShardState.QUEUED


def test_files_that_are_away_cost_no_attempt(owner: Owner, steps: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(failed_attempts, "PAUSES", (0.0,))
    job_id = accept_csv(owner, ROWS)
    with monkeypatch.context() as patch:
        patch.setattr(upload_store, "read", fail)
        for _ in range(leases.MAX_ATTEMPTS + 2):
            with pytest.raises(ConnectionRefusedError):
                work(ShardKind.CREATE)
    assert work(ShardKind.CREATE)["created"] == 2
    assert read_job(job_id).status == JobStatus.COMPLETED


def test_a_forgotten_row_of_a_job_is_no_error(owner: Owner, steps: Steps) -> None:
    job_id = accept_csv(owner, ROWS)
    with store.write() as db:
        claim = leases.claim(db, ShardKind.CREATE, wakeups.INTERACTIVE, (0, 0))
        db.execute(update(job_table).where(job_table.c.id == job_id).values(status=JobStatus.CANCELLED))
    assert claim
    assert attempts.work(claim) == {"gone": True}
