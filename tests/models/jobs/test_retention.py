"""What a job leaves behind is deleted in steps, when its time is over or its user deletes it. Its row may stay."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Table, func, insert, select

from models import store
from models.accounts.keys import Owner
from models.ids import new_id
from models.jobs import jobs, pending_replies, retention
from models.jobs.jobs import Job
from models.jobs.retention import ClearingStep
from models.states import ItemStatus, JobKind, JobStatus
from models.tables import deliveries, delivery_attempts, items, job_errors
from models.tables import shards as shard_rows
from models.webhooks.deliveries import DeliveryStatus
from tests.models.jobs.making import add_items, change, claim, finish, make_job, read

LONG_AGO = datetime.now(UTC) - timedelta(days=31)
BEFORE = datetime.now(UTC) - timedelta(days=30)


def test_a_job_is_over_when_it_ended_long_ago(owner: Owner) -> None:
    old, recent = ended(owner), ended(owner, finished_at=datetime.now(UTC))
    active = make_job(owner, 1)
    assert mark_over() == 1
    assert read(old.id).cleared_at
    assert (read(recent.id).cleared_at, read(active.id).cleared_at) == (None, None)
    assert mark_over() == 0


def test_a_job_waits_for_its_webhooks(owner: Owner) -> None:
    job = ended(owner)
    add_delivery(job, DeliveryStatus.PENDING)
    assert not has_work()
    assert mark_over() == 0


def test_a_webhook_that_was_sent_is_not_waited_for(owner: Owner) -> None:
    job = ended(owner)
    add_delivery(job, DeliveryStatus.DELIVERED)
    assert has_work()
    assert mark_over() == 1


def test_a_job_waits_for_its_undo(owner: Owner) -> None:
    job = ended(owner)
    undo_job = make_job(owner, 0, kind=JobKind.UNDO, of_job_id=job.id)
    assert mark_over() == 0
    assert not forget(job)
    change(undo_job, status=JobStatus.COMPLETED, finished_at=datetime.now(UTC))
    assert mark_over() == 1


def test_a_step_deletes_items_and_shards_and_the_end_keeps_the_job(owner: Owner) -> None:
    job = ended(owner, rows=3, created=2, failed=1)
    mark_over()
    cleared = step()
    assert cleared
    assert (cleared.job.id, cleared.job.upload, cleared.is_last) == (job.id, "upload", True)
    assert (count(items, job), count(shard_rows, job)) == (0, 0)
    end(cleared)
    kept = read(job.id)
    assert (kept.upload, kept.total, kept.created, kept.failed) == ("", 3, 2, 1)
    assert not has_work()


def test_a_large_job_is_cleared_in_several_steps(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    job = ended(owner, rows=5)
    mark_over()
    monkeypatch.setattr(retention, "SHARDS_A_STEP", 2)
    left = []
    while True:
        cleared = step()
        assert cleared
        left.append(count(items, job))
        if cleared.is_last:
            break
    assert left == [3, 1, 0]


def test_a_step_deletes_no_more_items_than_some_full_shards_hold(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    job = ended(owner, rows=6, shard_size=2)
    mark_over()
    monkeypatch.setattr(type(store.dialect()), "shard_rows", 2)
    cleared = step()
    assert cleared
    assert (cleared.is_last, count(items, job)) == (False, 2)


def test_a_shard_larger_than_a_step_is_deleted_all_the_same(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    job = ended(owner, rows=4, shard_size=4)
    mark_over()
    monkeypatch.setattr(type(store.dialect()), "shard_rows", 1)
    cleared = step()
    assert cleared
    assert (cleared.is_last, count(items, job)) == (True, 0)


def test_nothing_is_deleted_while_a_worker_is_at_it(owner: Owner) -> None:
    job = make_job(owner, 1)
    claimed = claim()
    change(job, status=JobStatus.CANCELLED, finished_at=LONG_AGO)
    assert mark_over() == 1
    assert not has_work()
    assert step() is None
    finish(claimed)
    assert has_work()
    assert step()


def test_a_forgotten_job_leaves_nothing(owner: Owner) -> None:
    job = ended(owner, rows=2)
    with store.write() as db:
        jobs.conclude(db, job.id, 1, jobs.Results(failures={"INVALID_URL": 1}))
    add_delivery(job, DeliveryStatus.PENDING)
    assert forget(job)
    assert not forget(job)
    cleared = step()
    assert cleared
    assert cleared.is_last
    end(cleared)
    for table in (items, shard_rows, job_errors, deliveries):
        assert count(table, job) == 0, table.name
    with store.read() as db:
        assert jobs.get(db, job.id) is None
        assert db.execute(select(func.count()).select_from(delivery_attempts)).scalar_one() == 0


def test_a_job_that_is_forgotten_while_it_is_cleared_goes_too(owner: Owner) -> None:
    job = ended(owner)
    mark_over()
    cleared = step()
    assert cleared
    assert forget(job)
    end(cleared)
    last = step()
    assert last, "the end of the first clearing must not hide the job from the next one"
    end(last)
    with store.read() as db:
        assert jobs.get(db, job.id) is None
    assert not has_work()


def test_a_forgotten_job_is_no_longer_a_pending_reply(owner: Owner) -> None:
    job = ended(owner)
    with store.write() as db:
        pending_replies.save(db, owner.workspace_id, "/api/bulk", "same", job.id)
    assert forget(job)
    with store.read() as db:
        assert pending_replies.find_job(db, owner.workspace_id, "/api/bulk", "same") is None


@pytest.mark.parametrize("status", [JobStatus.QUEUED, JobStatus.RUNNING])
def test_an_active_job_is_not_forgotten(owner: Owner, status: JobStatus) -> None:
    assert not forget(make_job(owner, 1, status=status))


def ended(owner: Owner, rows: int = 1, shard_size: int = 1, **values: Any) -> Job:
    """A job that ended long ago, with an item for each row."""
    job = make_job(owner, rows, shard_size)
    for _ in range(0, rows, shard_size):
        finish(claim())
    add_items(job, dict.fromkeys(range(rows), ItemStatus.CREATED))
    return change(job, **{"status": JobStatus.COMPLETED, "finished_at": LONG_AGO} | values)


def add_delivery(job: Job, status: DeliveryStatus) -> None:
    delivery = {
        "id": new_id(),
        "workspace_id": job.workspace_id,
        "job_id": job.id,
        "run": 1,
        "endpoint_id": 0,
        "type": "job.completed",
        "url": "https://a.example/",
        "host": "a.example",
        "body": "{}",
        "status": status,
    }
    attempt = {"delivery_id": delivery["id"], "number": 1, "at": datetime.now(UTC), "seconds": 0.1}
    with store.write() as db:
        db.execute(insert(deliveries).values(delivery))
        db.execute(insert(delivery_attempts).values(attempt))


def mark_over() -> int:
    with store.write() as db:
        return retention.mark_over(db, BEFORE)


def has_work() -> bool:
    with store.read() as db:
        return retention.has_work(db, BEFORE)


def step() -> ClearingStep | None:
    with store.write() as db:
        return retention.step(db)


def end(cleared: ClearingStep) -> None:
    with store.write() as db:
        retention.finish(db, cleared.job)


def forget(job: Job) -> bool:
    with store.write() as db:
        return retention.forget(db, job)


def count(table: Table, job: Job) -> int:
    with store.read() as db:
        return int(db.execute(select(func.count()).where(table.c.job_id == job.id)).scalar_one())
