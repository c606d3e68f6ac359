"""What a dry run meets twice is found in time, whatever the database knows of rows that were just written."""

import time
from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, select, text

from models import store
from models.accounts.keys import Owner
from models.jobs import duplicates, jobs
from models.jobs.states import ItemStatus, JobStatus
from models.tables import items as item_rows
from models.tables import jobs as job_rows

OTHERS, ROWS, KINDS = 40, 40_000, 39_990
MOST_SECONDS = 15


@pytest.fixture
def rehearsed(owner: Owner) -> int:
    """A dry run of many rows, written after the statistics were made: those know of small jobs alone."""
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


def test_every_later_one_fails_and_it_takes_no_row_a_walk_through_all(rehearsed: int) -> None:
    began = time.monotonic()
    with store.write() as db:
        duplicates.correct(db, rehearsed, {})
    assert time.monotonic() - began < MOST_SECONDS
    with store.read() as db:
        failed = select(item_rows.c.index, item_rows.c.slug, item_rows.c.error_code).where(
            item_rows.c.job_id == rehearsed, item_rows.c.status == ItemStatus.FAILED
        )
        found = db.execute(failed.order_by(item_rows.c.index)).all()
        counted = db.execute(select(job_rows.c.created, job_rows.c.failed).where(job_rows.c.id == rehearsed)).one()
    assert found == [(row, None, duplicates.SLUG_TAKEN) for row in range(KINDS, ROWS)]
    assert counted == (KINDS - ROWS, ROWS - KINDS), "relative to what the shards have counted"
