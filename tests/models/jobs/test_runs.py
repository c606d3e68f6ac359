"""What users do to a job: cancel it, retry it, undo it. Each of them happens once, and only where it is allowed."""

from typing import Any

import pytest
from sqlalchemy import select

from models import store
from models.accounts import quotas
from models.accounts.keys import Owner
from models.accounts.plans import Plan
from models.ids import new_id
from models.jobs import jobs, runs, shards
from models.jobs.jobs import Job, Results
from models.states import ItemStatus, JobKind, JobStatus, ShardKind, ShardState
from models.tables import items as item_rows
from tests.models.jobs.making import (
    add_items,
    change,
    claim,
    finish,
    job_values,
    make_job,
    read,
    shard_states,
    shard_values,
)

CREATED, FAILED = ItemStatus.CREATED, ItemStatus.FAILED


def test_to_cancel_skips_what_is_queued_and_leaves_what_runs(owner: Owner) -> None:
    job = make_job(owner, 3)
    finish(claim())
    claim()
    assert cancel(job)
    assert shard_states(job) == [ShardState.DONE, ShardState.RUNNING, ShardState.SKIPPED]
    assert read(job.id).cancelled_at


def test_the_rest_of_a_cancelled_upload_is_still_counted(owner: Owner) -> None:
    job = make_job(owner, 0, total=None)
    with store.write() as db:
        shards.add(db, [shard_values(job._asdict(), shards.SPLIT_INDEX, 0, kind=ShardKind.SPLIT)])
    assert cancel(job)
    assert shard_states(job) == [ShardState.QUEUED]


def test_to_cancel_twice_changes_nothing(owner: Owner) -> None:
    job = make_job(owner, 1)
    cancel(job)
    first = read(job.id).cancelled_at
    assert cancel(job)
    assert read(job.id).cancelled_at == first


@pytest.mark.parametrize("status", [JobStatus.COMPLETED, JobStatus.CANCELLED, JobStatus.FAILED])
def test_a_job_that_has_ended_is_not_cancelled(owner: Owner, status: JobStatus) -> None:
    assert not cancel(make_job(owner, 1, status=status))


def test_a_shard_that_was_claimed_just_before_is_skipped(owner: Owner) -> None:
    job = make_job(owner, 1)
    claimed = claim()
    cancel(job)
    with store.write() as db:
        runs.skip_shard(db, claimed)
    assert shard_states(job) == [ShardState.SKIPPED]


def test_a_shard_that_is_skipped_gives_its_links_back(owner: Owner) -> None:
    plan = Plan("small", total_links=5)
    job = make_job(owner, 1)
    claimed = claim()
    cancel(job)
    with store.write() as db:
        granted, reserved_at = quotas.reserve(db, owner.workspace_id, plan, 3)
        runs.skip_shard(db, claimed._replace(granted=granted, granted_at=reserved_at))
    with store.read() as db:
        assert quotas.room(db, owner.workspace_id, plan) == 5


def test_a_retry_runs_the_ranges_with_failed_items_again(owner: Owner) -> None:
    job = ended(owner, {0: CREATED, 1: CREATED, 2: FAILED, 3: CREATED, 4: CREATED, 5: CREATED}, shard_size=2)
    assert retry(job)
    with store.read() as db:
        again = shards.unfinished_ranges(db, job.id, 2, 0)
        left = list(db.execute(select(item_rows.c.index).where(item_rows.c.job_id == job.id)).scalars())
        errors = jobs.errors(db, job.id)
    assert [(shard.first_index, shard.rows, shard.kind) for shard in again] == [(2, 2, ShardKind.CREATE)]
    assert sorted(left) == [0, 1, 3, 4, 5], "what succeeded keeps its result"
    assert errors == {}


def test_a_retry_opens_the_next_run_of_the_same_job(owner: Owner) -> None:
    job = ended(owner, {0: CREATED, 1: ItemStatus.EXISTING, 2: FAILED})
    assert retry(job)
    opened = read(job.id)
    assert (opened.run, opened.status, opened.finished_at, opened.started_at) == (2, JobStatus.QUEUED, None, None)
    assert (opened.created, opened.existing, opened.failed, opened.run_base_count) == (1, 1, 0, 2)


def test_a_retry_runs_what_a_cancel_skipped(owner: Owner) -> None:
    job = make_job(owner, 3)
    finish(claim())
    cancel(job)
    with store.write() as db:
        jobs.conclude(db, job.id, 1, Results(created=1))
        jobs.finish(db, job.id, 1)
    add_items(job, {0: CREATED})
    assert retry(read(job.id))
    with store.read() as db:
        assert [shard.first_index for shard in shards.unfinished_ranges(db, job.id, 2, 0)] == [1, 2]
    assert read(job.id).cancelled_at is None


def test_a_third_run_looks_at_what_the_second_left(owner: Owner) -> None:
    job = ended(owner, {0: FAILED, 1: FAILED})
    assert retry(job)
    add_items(job, {0: FAILED})
    cancel(job)
    with store.write() as db:
        jobs.conclude(db, job.id, 2, Results(failures={"X": 1}))
        jobs.finish(db, job.id, 2)
    assert retry(read(job.id))
    with store.read() as db:
        assert [shard.first_index for shard in shards.unfinished_ranges(db, job.id, 3, 0)] == [0, 1]


@pytest.mark.parametrize(
    "values",
    [
        {"status": JobStatus.RUNNING},
        {"status": JobStatus.FAILED},
        {"kind": JobKind.UNDO},
        {"dry_run": True},
        {"created": 1, "existing": 2},
    ],
    ids=str,
)
def test_a_job_without_anything_to_retry_is_not_retried(owner: Owner, values: dict[str, Any]) -> None:
    job = ended(owner, {0: FAILED, 1: FAILED, 2: FAILED})
    change(job, **values)
    assert not retry(job)
    assert read(job.id).run == 1


@pytest.mark.parametrize("column", ["cleared_at", "forgotten_at"])
def test_a_job_without_its_upload_is_not_retried(owner: Owner, column: str) -> None:
    job = ended(owner, {0: FAILED})
    change(job, **{column: job.created_at})
    assert not retry(job)


def test_of_two_retries_at_once_one_opens_the_run(owner: Owner) -> None:
    job = ended(owner, {0: FAILED})
    assert retry(job)
    assert not retry(job)
    assert read(job.id).run == 2


def test_an_undo_has_the_ranges_of_its_job(owner: Owner) -> None:
    job = ended(owner, dict.fromkeys(range(4), CREATED), shard_size=2)
    undo_job = undo(owner, job)
    with store.read() as db:
        ranges = shards.ranges(db, undo_job.id)
    assert [(shard.first_index, shard.rows, shard.kind) for shard in ranges] == [
        (0, 2, ShardKind.UNDO),
        (2, 2, ShardKind.UNDO),
    ]
    assert claim(ShardKind.UNDO).job_id == undo_job.id


def test_a_job_is_being_undone_until_its_undo_has_ended(owner: Owner) -> None:
    job = ended(owner, {0: CREATED, 1: FAILED})
    undo_job = undo(owner, job)
    assert is_being_undone(job)
    assert not retry(job)
    with store.write() as db:
        jobs.conclude(db, undo_job.id, 1, Results(deleted=1))
    assert not is_being_undone(job)


def ended(owner: Owner, statuses: dict[int, ItemStatus], shard_size: int = 1) -> Job:
    """A completed job with an item for each status."""
    job = make_job(owner, len(statuses), shard_size=shard_size)
    add_items(job, statuses)
    for _ in range(0, len(statuses), shard_size):
        finish(claim())
    counts = list(statuses.values())
    failed = counts.count(FAILED)
    results = Results(
        created=counts.count(CREATED),
        existing=counts.count(ItemStatus.EXISTING),
        failures={"INVALID_URL": failed} if failed else {},
    )
    with store.write() as db:
        jobs.conclude(db, job.id, 1, results)
    return read(job.id)


def cancel(job: Job) -> bool:
    with store.write() as db:
        return runs.cancel(db, job.id)


def retry(job: Job) -> bool:
    with store.write() as db:
        return runs.retry(db, job)


def undo(owner: Owner, job: Job) -> Job:
    values = job_values(owner, job.created) | {"id": new_id(), "kind": JobKind.UNDO, "of_job_id": job.id}
    with store.write() as db:
        runs.start_undo(db, job, values)
    return read(values["id"])


def is_being_undone(job: Job) -> bool:
    with store.read() as db:
        return runs.is_being_undone(db, job.id)
