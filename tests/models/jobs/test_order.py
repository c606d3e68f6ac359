"""A shard that waits is claimed only when every shard before its index has ended."""

from typing import Any

import pytest
from sqlalchemy import insert, select, update

from models import store
from models.accounts.keys import Owner
from models.jobs import dispatch, leases, order, runs
from models.jobs.jobs import Job
from models.states import ItemStatus, JobStatus, ShardState
from models.tables import shards as shard_rows
from tests.models.jobs.making import (
    add_items,
    change,
    claim,
    finish,
    job_values,
    make_job,
    shard_values,
    try_claim,
)


@pytest.fixture
def job(owner: Owner) -> Job:
    """Four shards of one row; the third waits for the first two."""
    made = make_job(owner, 4)
    wait(made, 2, after_index=2)
    return made


def wait(job: Job, first_index: int, **values: Any) -> None:
    this = (shard_rows.c.job_id == job.id, shard_rows.c.first_index == first_index)
    with store.write() as db:
        db.execute(update(shard_rows).where(*this).values(values))


def test_it_is_claimed_once_the_earlier_ones_have_ended(job: Job) -> None:
    first, second, fourth = claim(), claim(), claim()
    assert [first.first_index, second.first_index, fourth.first_index] == [0, 1, 3]
    finish(second)
    assert try_claim() is None
    finish(first)
    third = claim()
    assert (third.first_index, third.after_index) == (2, 2)


def test_a_skipped_shard_holds_nobody_up(job: Job) -> None:
    finish(claim())
    wait(job, 1, state=ShardState.SKIPPED)
    assert claim().first_index == 2


def test_a_split_holds_nobody_up(job: Job) -> None:
    with store.write() as db:
        db.execute(insert(shard_rows), shard_values(job._asdict(), -1, 0, kind="split", state=ShardState.RUNNING))
    finish(claim())
    finish(claim())
    assert claim().first_index == 2


def test_nobody_is_woken_for_it_before(job: Job) -> None:
    with store.write() as db:
        assert sorted(shard.first_index for shard in dispatch.mark_due(db, job.id, 8)) == [0, 1, 3]
    finish(claim())
    finish(claim())
    with store.write() as db:
        assert [shard.first_index for shard in dispatch.mark_due(db, job.id, 8)] == [2]


def test_another_jobs_shards_are_nothing_to_it(owner: Owner, job: Job) -> None:
    make_job(owner, 1, id=job_values(owner, 1)["id"])
    finish(claim())
    finish(claim())
    assert {claim().first_index, claim().first_index, claim().first_index} == {0, 2, 3}


def test_a_postponed_shard_waits_for_all_earlier_ones_and_loses_no_attempt(job: Job) -> None:
    first, second, last = claim(), claim(), claim()
    with store.write() as db:
        leases.postpone(db, last)
    for earlier in (first, second):
        assert try_claim() is None
        finish(earlier)
    finish(claim())
    again = claim()
    assert (again.first_index, again.attempts) == (3, 1)


def test_open_shards_are_counted_with_the_rows_that_have_no_grant(job: Job) -> None:
    wait(job, 0, rows=5, granted=2)
    wait(job, 1, granted=3)
    with store.read() as db:
        assert order.open_before(db, job.id, 1, 3) == (3, 3 + 0 + 1)
        assert order.open_before(db, job.id, 1, 0) == (0, 0)


def test_a_retry_keeps_the_order_and_an_undo_needs_none(owner: Owner, job: Job) -> None:
    add_items(job, dict.fromkeys(range(4), ItemStatus.FAILED))
    ended = change(job, status=JobStatus.COMPLETED, failed=4)
    with store.write() as db:
        assert runs.retry(db, ended)
    assert after_indexes(job.id, 2) == [None, None, 2, None]
    undo = job_values(owner, 4) | {"kind": "undo", "of_job_id": job.id}
    with store.write() as db:
        runs.start_undo(db, ended, undo)
    assert after_indexes(undo["id"], 1) == [None] * 4


def after_indexes(job_id: int, run: int) -> list[int | None]:
    query = select(shard_rows.c.after_index).where(shard_rows.c.job_id == job_id, shard_rows.c.run == run)
    with store.read() as db:
        return list(db.execute(query.order_by(shard_rows.c.first_index)).scalars())
