"""Gauges count what is active, and nothing that has ended."""

from datetime import UTC, datetime

from sqlalchemy import update

from models import store
from models.accounts.keys import Owner
from models.jobs import gauges
from models.states import JobStatus, ShardState
from models.tables import shards as shard_rows
from tests.models.jobs.making import QUEUE, claim, finish, make_job


def test_an_idle_system_has_no_active_jobs(owner: Owner) -> None:
    make_job(owner, 0, status=JobStatus.COMPLETED, finished_at=datetime.now(UTC))
    with store.read() as db:
        assert gauges.active_jobs(db) == {"queued": 0, "running": 0}
        assert gauges.active_shards(db) == {}
        assert gauges.pending_deliveries(db) == 0


def test_active_jobs_are_counted_by_status(owner: Owner) -> None:
    make_job(owner, 1)
    make_job(owner, 1)
    claim()
    with store.read() as db:
        assert gauges.active_jobs(db) == {"queued": 1, "running": 1}


def test_active_shards_are_counted_by_queue_and_state(owner: Owner) -> None:
    job = make_job(owner, 5)
    finish(claim())
    claim()
    last = update(shard_rows).where(shard_rows.c.job_id == job.id, shard_rows.c.first_index == 4)
    with store.write() as db:
        db.execute(last.values(state=ShardState.SKIPPED))
        assert gauges.active_shards(db) == {(QUEUE, "queued"): 2, (QUEUE, "running"): 1}
