"""Pages of items: those with a result, and the rows that an ended job left without one."""

from typing import Any

import pytest
from sqlalchemy import update

from models import store, tables
from models.accounts.keys import Owner
from models.jobs import items
from models.jobs.jobs import Job
from models.states import ItemStatus, JobStatus
from producer.documents import item_pages
from tests.steps import accept_csv, read_job

pytestmark = pytest.mark.parametrize("owner", ["sqlite"], indirect=True)

ROWS = "url,external_id\nhttps://a.b/0,\nhttps://a.b/1,one\nhttps://a.b/2,\nhttps://a.b/3,\n"
FAILED_ROW = 2


def make_job(owner: Owner, status: JobStatus) -> Job:
    """A job of four rows of which only the third has a result: it failed."""
    job_id = accept_csv(owner, ROWS)
    columns: dict[str, Any] = {
        "job_id": job_id,
        "index": [FAILED_ROW],
        "line": [4],
        "status": [ItemStatus.FAILED],
        "error_code": ["INVALID_TITLE"],
        "error_message": ["too long"],
        "input": ['{"url": "https://a.b/2"}'],
    }
    with store.write() as db:
        items.write(db, columns, 1)
        db.execute(update(tables.jobs).where(tables.jobs.c.id == job_id).values(status=status, failed=1))
    return read_job(job_id)


def page(job: Job, *statuses: ItemStatus, after: int = -1, limit: int = 10) -> list[tuple[int, str]]:
    return [(item.at, item.status) for item in item_pages.page(job, statuses, after, limit)]


def test_an_ended_job_shows_rows_without_a_result_between_the_others(owner: Owner) -> None:
    job = make_job(owner, JobStatus.CANCELLED)
    assert page(job) == [(0, "unprocessed"), (1, "unprocessed"), (2, "failed"), (3, "unprocessed")]


def test_a_running_job_shows_only_items_with_a_result(owner: Owner) -> None:
    job = make_job(owner, JobStatus.RUNNING)
    assert page(job) == [(2, "failed")]
    assert page(job, ItemStatus.UNPROCESSED) == [(0, "unprocessed"), (1, "unprocessed"), (3, "unprocessed")]


def test_pages_follow_each_other_without_gaps(owner: Owner) -> None:
    job = make_job(owner, JobStatus.CANCELLED)
    assert [index for index, _ in page(job, limit=2)] == [0, 1]
    assert [index for index, _ in page(job, after=1, limit=2)] == [2, 3]
    assert page(job, after=3) == []


def test_statuses_choose_the_items(owner: Owner) -> None:
    job = make_job(owner, JobStatus.CANCELLED)
    assert page(job, ItemStatus.FAILED) == [(2, "failed")]
    assert page(job, ItemStatus.CREATED) == []


def test_an_unprocessed_item_has_its_line_url_and_external_id(owner: Owner) -> None:
    item = item_pages.page(make_job(owner, JobStatus.CANCELLED), (), 0, 1)[0]
    assert (item.line, item.external_id, item.input) == (3, "one", '{"url": "https://a.b/1"}')
