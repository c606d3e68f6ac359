"""A job counts its results, and ends once: when every item has its result, when it is cancelled, or when it fails."""

from datetime import UTC, datetime

import pytest

from models import store
from models.accounts.keys import Owner
from models.jobs import jobs, listing
from models.jobs.jobs import JobProgress, JobRun, Results
from models.jobs.listing import JobFilter
from models.states import JobKind, JobStatus
from tests.models.jobs.making import change, claim, finish, make_job, read
from tests.owners import new_owner

ALL_KINDS = Results(created=1, updated=2, deleted=3, existing=4, failures={"SLUG_TAKEN": 5, "INVALID_URL": 6})


def test_a_new_job_is_queued(owner: Owner) -> None:
    job = make_job(owner)
    assert (job.status, job.has_ended, job.is_default) == (JobStatus.QUEUED, False, True)


def test_a_job_runs_from_its_first_claim_on(owner: Owner) -> None:
    job = make_job(owner)
    claim()
    started = read(job.id).started_at
    assert started
    claim()
    assert (read(job.id).status, read(job.id).started_at) == (JobStatus.RUNNING, started)


def test_another_workspace_does_not_see_a_job(owner: Owner) -> None:
    job = make_job(owner)
    with store.read() as db:
        assert jobs.get(db, job.id, owner.workspace_id) == job
        assert jobs.get(db, job.id, new_owner("other").workspace_id) is None


def test_a_forgotten_job_is_seen_by_the_system_only(owner: Owner) -> None:
    job = make_job(owner)
    change(job, forgotten_at=datetime.now(UTC))
    with store.read() as db:
        assert jobs.get(db, job.id, owner.workspace_id) is None
        assert listing.page(db, owner.workspace_id, JobFilter(), None, 10) == []
        assert jobs.get(db, job.id)


def test_the_counts_of_all_results_add_up(owner: Owner) -> None:
    job = make_job(owner, rows=30)
    with store.write() as db:
        jobs.conclude(db, job.id, 1, ALL_KINDS)
    counted = read(job.id)
    assert (counted.created, counted.updated, counted.deleted, counted.existing, counted.failed) == (1, 2, 3, 4, 11)
    assert jobs.succeeded_count(counted) == 10
    assert jobs.processed_count(counted) == 21
    assert jobs.unprocessed_count(counted) == 9


def test_nothing_is_known_of_the_unprocessed_before_the_upload_is_counted(owner: Owner) -> None:
    job = make_job(owner, total=None)
    assert jobs.unprocessed_count(job) is None


def test_errors_are_counted_by_code_over_all_shards(owner: Owner) -> None:
    job = make_job(owner, rows=30)
    with store.write() as db:
        jobs.conclude(db, job.id, 1, ALL_KINDS)
        jobs.conclude(db, job.id, 1, Results(failures={"INVALID_URL": 1}))
        assert list(jobs.errors(db, job.id).items()) == [("INVALID_URL", 7), ("SLUG_TAKEN", 5)]


@pytest.mark.parametrize(
    "results",
    [
        Results(created=3),
        Results(updated=3),
        Results(deleted=1, existing=2),
        Results(created=1, existing=1, failures={"INVALID_URL": 1}),
    ],
)
def test_the_last_results_complete_a_job_of_any_kind(owner: Owner, results: Results) -> None:
    job = make_job(owner, rows=3)
    with store.write() as db:
        ended = jobs.conclude(db, job.id, 1, results)
    assert ended.status == JobStatus.COMPLETED
    assert read(job.id).finished_at
    assert jobs.unprocessed_count(ended) == 0


def test_results_before_the_last_leave_the_job_open(owner: Owner) -> None:
    job = make_job(owner, rows=3)
    with store.write() as db:
        assert jobs.conclude(db, job.id, 1, Results(created=2)).status == JobStatus.QUEUED
    assert read(job.id).finished_at is None


def test_a_shard_of_an_earlier_run_completes_nothing(owner: Owner) -> None:
    job = make_job(owner, rows=1, run=2)
    with store.write() as db:
        assert jobs.conclude(db, job.id, 1, Results(created=1)).status == JobStatus.QUEUED


def test_a_job_is_finished_once(owner: Owner) -> None:
    job = make_job(owner, rows=2, created=1, failed=1)
    with store.write() as db:
        assert jobs.list_finishable(db) == [JobRun(job.id, 1)]
        ended = jobs.finish(db, job.id, 1)
        assert isinstance(ended, JobProgress)
        assert ended.status == JobStatus.COMPLETED
        assert jobs.finish(db, job.id, 1) is None
        assert jobs.list_finishable(db) == []


def test_a_job_with_unprocessed_items_is_not_finished(owner: Owner) -> None:
    job = make_job(owner, rows=2, created=1)
    with store.write() as db:
        assert jobs.finish(db, job.id, 1) is None
        assert jobs.list_finishable(db) == []


def test_a_job_without_rows_is_finished_too(owner: Owner) -> None:
    job = make_job(owner, rows=0, kind=JobKind.UNDO)
    with store.write() as db:
        ended = jobs.finish(db, job.id, 1)
    assert ended
    assert ended.status == JobStatus.COMPLETED


def test_a_cancelled_job_ends_when_its_last_shard_does(owner: Owner) -> None:
    job = make_job(owner, rows=1)
    claimed = claim()
    change(job, cancelled_at=datetime.now(UTC))
    with store.write() as db:
        assert jobs.finish(db, job.id, 1) is None, "a worker is at it"
    finish(claimed)
    with store.write() as db:
        assert jobs.list_finishable(db) == [JobRun(job.id, 1)]
        ended = jobs.finish(db, job.id, 1)
    assert ended
    assert ended.status == JobStatus.CANCELLED


def test_a_cancelled_job_that_is_not_counted_yet_goes_on(owner: Owner) -> None:
    job = make_job(owner, rows=0, total=None, cancelled_at=datetime.now(UTC))
    with store.write() as db:
        assert jobs.finish(db, job.id, 1) is None
        jobs.set_total(db, job.id, 7)
        assert jobs.finish(db, job.id, 1)


def test_a_job_fails_once_and_says_why(owner: Owner) -> None:
    job = make_job(owner)
    with store.write() as db:
        ended = jobs.fail(db, job.id, 1, "The upload has no rows.")
        assert ended
        assert ended.status == JobStatus.FAILED
        assert jobs.fail(db, job.id, 1, "again") is None
    assert (read(job.id).detail, read(job.id).has_ended) == ("The upload has no rows.", True)


def test_a_layout_is_stored_with_the_file_that_it_describes(owner: Owner) -> None:
    job = make_job(owner)
    with store.write() as db:
        jobs.describe(db, job.id, {"format": "csv"}, "converted")
    assert (read(job.id).layout, read(job.id).upload) == ({"format": "csv"}, "converted")


def test_a_lock_says_whether_the_job_was_cancelled(owner: Owner) -> None:
    job = make_job(owner)
    with store.write() as db:
        assert not jobs.lock(db, job.id)
    change(job, cancelled_at=datetime.now(UTC))
    with store.write() as db:
        assert jobs.lock(db, job.id)


@pytest.mark.parametrize("owner", ["postgresql"], indirect=True)
def test_a_job_that_is_being_changed_is_not_waited_for(owner: Owner) -> None:
    job = make_job(owner)
    with store.write() as first, store.write() as second:
        assert jobs.try_lock(first, job.id)
        assert not jobs.try_lock(second, job.id)
