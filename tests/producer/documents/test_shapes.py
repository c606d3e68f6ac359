"""How fast a job is, and when it will end."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import update

from models import store, tables
from models.accounts.keys import Owner
from models.jobs import jobs
from models.jobs.states import JobStatus
from producer.accept import Options, Upload, accept
from producer.documents import shapes


def shown(owner: Owner, **more: Any) -> dict[str, Any]:
    """A running job of 70,000 rows, as it is shown when some of its times were so many seconds ago."""
    job_id = accept(Upload("csv", "csv", [b"url\nhttps://a.b\n"]), owner, lambda: Options())
    now = datetime.now(UTC)
    changed = {name: now - timedelta(seconds=value) if name.endswith("_at") else value for name, value in more.items()}
    with store.write() as db:
        values = {"status": JobStatus.RUNNING, "total": 70_000} | changed
        db.execute(update(tables.jobs).where(tables.jobs.c.id == job_id).values(values))
        found = jobs.get(db, job_id)
    assert found
    return shapes.job(found, {})


def test_once_it_is_under_way_its_beginning_is_no_measure_of_its_rate(owner: Owner) -> None:
    job = shown(owner, started_at=4.5, paced_at=2.5, paced=10_000, progressed_at=0.5, created=50_000)
    assert abs(job["rate"] - 20_000) < 1
    assert 0.3 <= job["eta_seconds"] <= 0.5


def test_the_first_shards_are_measured_from_the_start(owner: Owner) -> None:
    job = shown(owner, started_at=2, paced_at=1, paced=10_000, progressed_at=1, created=10_000)
    assert abs(job["rate"] - 10_000) < 1
    assert 4.8 <= job["eta_seconds"] <= 5


def test_what_was_there_before_a_retry_is_no_part_of_its_rate(owner: Owner) -> None:
    job = shown(owner, started_at=2, paced_at=1, paced=50_000, progressed_at=1, created=50_000, before=40_000)
    assert abs(job["rate"] - 10_000) < 1


def test_nothing_is_said_before_the_first_shard_has_ended(owner: Owner) -> None:
    job = shown(owner, started_at=2)
    assert (job["rate"], job["eta_seconds"]) == (0.0, None)


def test_a_shard_that_ends_tells_the_pace_once(owner: Owner) -> None:
    job_id = accept(Upload("csv", "csv", [b"url\nhttps://a.b\n"]), owner, lambda: Options())
    for _ in range(2):
        with store.write() as db:
            jobs.record(db, job_id, 5, 1, {"INVALID_URL": 1})
    with store.read() as db:
        job = jobs.get(db, job_id)
    assert job
    assert (job.created, job.paced, job.paced_at < job.progressed_at) == (10, 7, True)
