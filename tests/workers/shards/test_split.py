"""Split: a large upload becomes shards that together are all of its rows, whatever happens to the job meanwhile."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from models import store
from models.accounts.keys import Owner
from models.errors import LostLease, Unreadable
from models.jobs import jobs, leases, shards
from models.jobs.jobs import Results
from models.jobs.leases import Claim
from models.states import JobStatus, ShardKind, ShardState
from models.tables import shards as shard_table
from producer import control
from producer.accept import CUT_AT_ONCE_BYTES
from producer.intake import upload_store
from producer.signals import wakeups
from tests.steps import Steps, accept_csv, read_job, record_steps
from tests.waiting import wait_until
from tests.work import work, work_off
from workers.shards import split

LONG_URL = "https://example.com/" + "a" * 1000
LARGE = "url\n" + (LONG_URL + "\n") * (CUT_AT_ONCE_BYTES // 1000)


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    return record_steps(monkeypatch)


def states(job_id: int) -> list[str]:
    query = select(shard_table.c.state).where(shard_table.c.job_id == job_id, shard_table.c.kind == ShardKind.CREATE)
    with store.read() as db:
        return list(db.execute(query).scalars())


def test_the_shards_are_all_rows_and_the_total_is_noted(owner: Owner, steps: Steps) -> None:
    job_id = accept_csv(owner, LARGE)
    assert steps.tasks == ["split"]
    rows = LARGE.count("\n") - 1
    assert work(ShardKind.SPLIT, wakeups.BULK)["rows"] == rows
    with store.read() as db:
        ranges = shards.ranges(db, job_id)
    assert sum(shard.rows for shard in ranges) == rows
    assert read_job(job_id).total == rows
    assert "create" in steps.tasks


def test_workers_are_woken_before_the_split_is_through(
    owner: Owner, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(split, "SHARDS_A_COMMIT", 1)
    monkeypatch.setattr(type(store.dialect()), "shard_rows", 100)
    tasks_at_commits: list[int] = []
    extend = leases.extend

    def extend_and_look(db: store.Connection, claim: Claim) -> None:
        tasks_at_commits.append(len(steps.tasks))
        extend(db, claim)

    monkeypatch.setattr(leases, "extend", extend_and_look)
    accept_csv(owner, LARGE)
    work(ShardKind.SPLIT, wakeups.BULK)
    assert len(tasks_at_commits) > 2
    assert tasks_at_commits[-1] > tasks_at_commits[0]


def test_the_rest_of_a_cancelled_job_is_counted_but_not_worked_on(owner: Owner, steps: Steps) -> None:
    job_id = accept_csv(owner, LARGE)
    control.cancel(read_job(job_id))
    assert steps.ends == []
    work(ShardKind.SPLIT, wakeups.BULK)
    job = read_job(job_id)
    assert (job.status, job.total) == (JobStatus.CANCELLED, LARGE.count("\n") - 1)
    assert set(states(job_id)) == {ShardState.SKIPPED}
    assert steps.ends == [job_id]


def test_an_upload_that_turns_out_to_be_unreadable_ends_its_job_and_goes(
    owner: Owner, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise Unreadable("Line 7 is longer than a row may be.")

    job_id = accept_csv(owner, LARGE)
    upload = read_job(job_id).upload
    monkeypatch.setattr(split, "cut_in_order", refuse)
    work(ShardKind.SPLIT, wakeups.BULK)
    job = read_job(job_id)
    assert (job.status, job.detail) == (JobStatus.FAILED, "Line 7 is longer than a row may be.")
    assert steps.ends == [job_id]
    with pytest.raises(Exception, match="upload"):
        upload_store.read(upload, 0, 1)


def test_who_lost_the_lease_adds_no_shards(owner: Owner, steps: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    def lose(*_: object) -> None:
        raise LostLease("another worker has it")

    job_id = accept_csv(owner, LARGE)
    monkeypatch.setattr(leases, "extend", lose)
    assert work(ShardKind.SPLIT, wakeups.BULK)["lost"]
    assert states(job_id) == []


def test_a_split_that_is_done_again_changes_nothing(owner: Owner, steps: Steps) -> None:
    job_id = accept_csv(owner, LARGE)
    with store.write() as db:
        claim = leases.claim(db, ShardKind.SPLIT, wakeups.BULK, (0, 0))
    assert claim
    split._cut(claim, read_job(job_id))
    before = len(states(job_id))
    split.split(claim, read_job(job_id))
    assert len(states(job_id)) == before
    work_off(ShardKind.CREATE, queue=wakeups.BULK)
    assert read_job(job_id).created == LARGE.count("\n") - 1


@pytest.mark.parametrize("owner", ["postgresql"], indirect=True)
def test_a_split_that_is_done_again_and_a_worker_that_ends_a_shard_do_not_deadlock(owner: Owner, steps: Steps) -> None:
    job_id = accept_csv(owner, LARGE)
    splitting = claim_one(ShardKind.SPLIT)
    assert splitting
    split._cut(splitting, read_job(job_id))
    creating = claim_one(ShardKind.CREATE)
    assert creating
    with ThreadPoolExecutor(1) as threads:
        with store.write() as db:
            leases.finish(db, creating)
            again = threads.submit(split._cut, splitting, read_job(job_id))
            wait_until(lambda: again.done() or waits_for_a_lock(), what="the split to add the shard again")
            jobs.conclude(db, job_id, 1, Results(created=creating.rows))
        assert again.result() == LARGE.count("\n") - 1
    assert read_job(job_id).created == creating.rows


def claim_one(kind: ShardKind) -> Claim | None:
    with store.write() as db:
        return leases.claim(db, kind, wakeups.BULK, (0, 0))


def waits_for_a_lock() -> bool:
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with store.read() as db:
        return bool(db.exec_driver_sql(query).scalar_one())
