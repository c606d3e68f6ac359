"""At the end of a dry run later rows lose to earlier ones, quickly also in a large job."""

import time
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import insert, select, text

from models import store
from models.accounts.keys import Owner
from models.jobs import duplicates, items, jobs
from models.jobs.jobs import Job
from models.links.url_index import Duplicates
from models.states import ItemStatus, JobStatus
from models.tables import items as item_rows
from models.tables import jobs as job_rows
from tests.models.jobs.making import make_job, read

OTHERS, ROWS, KINDS = 40, 40_000, 39_990
MOST_SECONDS = 15


@pytest.fixture
def large_dry_run(owner: Owner) -> int:
    """A dry run of many rows, written after the statistics were collected: they describe small jobs only."""
    job = {
        "workspace_id": owner.workspace_id, "domain_id": 1, "kind": "create", "source": "csv", "queue": "bulk",
        "upload": "", "layout": {}, "options": {}, "metadata": {}, "dry_run": True, "status": JobStatus.RUNNING,
    }  # fmt: skip
    with store.write() as db:
        for other in range(OTHERS):
            _write(db, other, 500, 500)
    with store.write() as db:
        db.execute(text("ANALYZE"))
    with store.write() as db:
        jobs.add(db, {"id": 7777, "created_at": datetime.now(UTC), **job})
        _write(db, 7777, ROWS, KINDS)
    return 7777


def _write(db: store.Connection, job_id: int, rows: int, kinds: int) -> None:
    same = {"job_id": job_id, "status": ItemStatus.CREATED}
    db.execute(
        insert(item_rows), [same | {"index": row, "line": row, "slug": f"s{row % kinds}"} for row in range(rows)]
    )


def test_a_large_job_is_corrected_quickly(large_dry_run: int) -> None:
    began = time.monotonic()
    with store.write() as db:
        duplicates.correct(db, large_dry_run, {})
    assert time.monotonic() - began < MOST_SECONDS
    with store.read() as db:
        failed = select(item_rows.c.index, item_rows.c.slug, item_rows.c.error_code).where(
            item_rows.c.job_id == large_dry_run, item_rows.c.status == ItemStatus.FAILED
        )
        found = db.execute(failed.order_by(item_rows.c.index)).all()
        counted = db.execute(select(job_rows.c.created, job_rows.c.failed).where(job_rows.c.id == large_dry_run)).one()
    assert found == [(row, None, duplicates.SLUG_TAKEN) for row in range(KINDS, ROWS)]
    assert counted == (KINDS - ROWS, ROWS - KINDS), "relative to what the shards have counted"


REUSE = {"duplicates": Duplicates.REUSE}


def test_the_first_of_several_rows_with_a_slug_wins(owner: Owner) -> None:
    job = dry_run(owner, slug=["a", "b", "a", "a"])
    correct(job)
    assert results(job) == [("created", "a"), ("created", "b"), ("failed", None), ("failed", None)]
    assert (counts(job), errors(job)) == ((2, 0, 2), {"SLUG_TAKEN": 2})


def test_rows_with_one_external_id_get_the_first_ones_link(owner: Owner) -> None:
    job = dry_run(owner, slug=["a", "b", "c"], external_id=["x", "x", None])
    correct(job)
    assert results(job) == [("created", "a"), ("existing", "a"), ("created", "c")]
    assert counts(job) == (2, 1, 0)


def test_rows_that_reuse_a_url_get_the_first_ones_link(owner: Owner) -> None:
    url = '{"url": "https://a.example/"}'
    job = dry_run(owner, slug=["a", "b", "c"], input=[url, url, url], reuses_url=[True, True, True])
    correct(job, REUSE)
    assert results(job) == [("created", "a"), ("existing", "a"), ("existing", "a")]


def test_a_row_that_wants_its_own_link_shares_none(owner: Owner) -> None:
    url = '{"url": "https://a.example/"}'
    job = dry_run(owner, slug=["a", "b", "c"], input=[url, url, url], reuses_url=[False, True, None])
    correct(job, REUSE)
    assert results(job) == [("created", "a"), ("created", "b"), ("created", "c")]


def test_equal_urls_are_no_duplicates_for_a_job_that_does_not_reuse(owner: Owner) -> None:
    url = '{"url": "https://a.example/"}'
    job = dry_run(owner, slug=["a", "b"], input=[url, url], reuses_url=[True, True])
    correct(job)
    assert counts(job) == (2, 0, 0)


def test_a_row_that_exists_does_not_take_a_slug_from_another(owner: Owner) -> None:
    job = dry_run(owner, slug=["a", "b", "b"], external_id=["x", "x", None])
    correct(job)
    assert results(job) == [("created", "a"), ("existing", "a"), ("created", "b")]


def dry_run(owner: Owner, **columns: list[Any]) -> Job:
    """A dry run that has created an item for each row, in shards that did not know of each other."""
    rows = len(columns["slug"])
    job = make_job(owner, rows, dry_run=True, created=rows)
    values = {"job_id": job.id, "index": range(rows), "line": range(2, rows + 2), "status": ItemStatus.CREATED}
    with store.write() as db:
        items.write(db, values | columns, rows)
    return job


def correct(job: Job, options: dict[str, Any] | None = None) -> None:
    with store.write() as db:
        duplicates.correct(db, job.id, options or {})


def results(job: Job) -> list[tuple[str, str | None]]:
    with store.read() as db:
        return [(item.status, item.slug) for item in items.results(db, job.id)]


def counts(job: Job) -> tuple[int, int, int]:
    counted = read(job.id)
    return counted.created, counted.existing, counted.failed


def errors(job: Job) -> dict[str, int]:
    with store.read() as db:
        return jobs.errors(db, job.id)
