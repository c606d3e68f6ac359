"""Clear: step by step, again after an end in the middle, and never while somebody works on the job."""

from datetime import UTC, datetime, timedelta
from unittest.mock import create_autospec

import pytest
from sqlalchemy import func, insert, select, update

from models import settings, store
from models.accounts.keys import Owner
from models.jobs import jobs, retention
from models.links import labels as label_rows
from models.links.labels import TAGS
from models.states import JobStatus, ShardState
from models.tables import items, tags
from models.tables import jobs as job_table
from models.tables import shards as shard_table
from producer import operators
from producer.accept import Upload, accept
from producer.intake import upload_store
from producer.intake.layouts import COUNT
from producer.job_options import Options
from producer.resources import authentication
from producer.signals import wakeups
from workers.chores import clearing


@pytest.fixture(autouse=True)
def nobody_is_woken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wakeups, "send_task", create_autospec(wakeups.send_task, return_value=True))


def test_what_was_interrupted_goes_on(owner: Owner) -> None:
    job, rows = over(owner, 5), 5 * store.dialect().shard_rows
    with store.write() as db:
        assert retention.mark_over(db, datetime.now(UTC)) == 1
        first = retention.step(db)
    assert first is not None
    assert (first.is_last, left(job)) == (False, rows - 2 * rows // 5)
    with store.write() as db:
        retention.step(db)
    assert left(job) == rows // 5
    clearing.clear()
    assert (left(job), shards_left(job)) == (0, 0)
    row = found(job)
    assert (row.upload, row.total, row.created) == ("", rows, rows)
    with store.read() as db:
        assert not db.execute(select(job_table.c.clearing).where(job_table.c.id == job)).scalar_one()
    with pytest.raises(Exception, match="no longer in the upload store"):
        upload_store.read(first.job.upload, 0, 1)


def test_what_a_request_creates_after_its_workspace_was_deleted_is_removed(owner: Owner) -> None:
    operators.delete_workspace(authentication.workspace_name(owner))
    job = over(owner, 1)
    assert left(job) > 0
    clear_late_rows()
    assert (left(job), shards_left(job)) == (0, 0)


@pytest.mark.parametrize("owner", ["postgresql"], indirect=True)
def test_what_is_committed_only_after_the_deletion_is_removed(owner: Owner) -> None:
    with store.write() as db:
        label_rows.create(db, TAGS, owner.workspace_id, "late", None)
        operators.delete_workspace(authentication.workspace_name(owner))
    with store.read() as db:
        assert db.execute(select(tags.c.name)).scalars().all() == ["late"]
    clear_late_rows()
    with store.read() as db:
        assert db.execute(select(tags.c.name)).scalars().all() == []


def clear_late_rows() -> None:
    """Clear as the sweep has it done, until nothing is left to do."""
    with store.read() as db:
        assert clearing.has_work(db)
    assert clearing.clear()["steps"] > 0
    with store.read() as db:
        assert not clearing.has_work(db)


def test_nothing_is_cleared_under_somebodys_hands(owner: Owner) -> None:
    job = over(owner, 1)
    with store.write() as db:
        db.execute(update(shard_table).where(shard_table.c.job_id == job).values(state=ShardState.RUNNING))
    assert clearing.clear()["begun"] == 1
    assert left(job) == store.dialect().shard_rows
    with store.write() as db:
        db.execute(update(shard_table).where(shard_table.c.job_id == job).values(state=ShardState.DONE))
    assert clearing.clear()["steps"] == 1
    assert left(job) == 0


def test_a_job_that_was_forgotten_goes_altogether(owner: Owner) -> None:
    job = over(owner, 1)
    with store.write() as db:
        assert retention.forget(db, found(job))
    with store.write() as db:
        assert not retention.forget(db, found(job))
    clearing.clear()
    with store.read() as db:
        assert jobs.get(db, job) is None
    assert (left(job), shards_left(job)) == (0, 0)


@pytest.mark.parametrize(("days", "age", "begun"), [(0, 1, 1), (0, 0, 0), (30, 29, 0), (30, 31, 1), (36500, 99, 0)])
def test_the_setting_says_how_long_results_stay(
    owner: Owner, monkeypatch: pytest.MonkeyPatch, days: int, age: int, begun: int
) -> None:
    over(owner, 1, age)
    monkeypatch.setenv("RETENTION_DAYS", str(days))
    settings.get.cache_clear()
    with store.read() as db:
        assert retention.has_work(db, clearing.retention_start()) == bool(begun)
    assert clearing.clear()["begun"] == begun


def over(owner: Owner, parts: int, days: int = 31) -> int:
    """A job that ended so many days ago, with an item for each of its rows."""
    rows = parts * store.dialect().shard_rows
    job = accept(Upload(COUNT, COUNT, [b'{"url": "https://a.b"}'], rows), owner, Options)
    ended = {"status": JobStatus.COMPLETED, "created": rows, "finished_at": datetime.now(UTC) - timedelta(days=days)}
    with store.write() as db:
        db.execute(update(job_table).where(job_table.c.id == job).values(ended))
        db.execute(update(shard_table).where(shard_table.c.job_id == job).values(state=ShardState.DONE))
        made = [{"job_id": job, "index": at, "line": 1, "status": "created"} for at in range(rows)]
        db.execute(insert(items), made)
    return job


def found(job: int) -> jobs.Job:
    with store.read() as db:
        row = jobs.get(db, job)
    assert row is not None
    return row


def left(job: int) -> int:
    with store.read() as db:
        return int(db.execute(select(func.count()).where(items.c.job_id == job)).scalar_one())


def shards_left(job: int) -> int:
    with store.read() as db:
        return int(db.execute(select(func.count()).where(shard_table.c.job_id == job)).scalar_one())
