"""Undo: links of a job that were never clicked are deleted, the others are kept, and its items say which."""

import json
from datetime import date
from typing import Any

import pytest
from sqlalchemy import insert, select

from models import store
from models.accounts.keys import Owner
from models.states import JobStatus, ShardKind
from models.tables import clicks, deliveries, items, links
from models.webhooks import endpoints
from producer import control
from producer.documents import item_pages
from producer.signals import counters
from tests.steps import Steps, accept_csv, read_job, record_steps
from tests.work import work, work_off
from workers.chores import clicks as click_chore

ROWS = "url,slug,external_id\nhttps://a.example/,a,1\nhttps://b.example/,b,2\nnope,c,3\nhttps://d.example/,d,4\n"


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    monkeypatch.setattr(click_chore, "BUFFERED_SECONDS", 0.0)
    monkeypatch.setattr(click_chore, "drain", lambda: None)
    return record_steps(monkeypatch)


@pytest.fixture
def job_id(owner: Owner, steps: Steps) -> int:
    """A job that has created three links, of which b is clicked."""
    job_id = accept_csv(owner, ROWS)
    work_off()
    with store.write() as db:
        link = db.execute(select(links).where(links.c.slug == "b")).one()
        key = {"domain_id": link.domain_id, "slug": link.slug, "generation": link.generation}
        db.execute(insert(clicks).values(key | click_values()))
    steps.clear()
    return job_id


def click_values() -> dict[str, Any]:
    labels = dict.fromkeys(("referrer", "device", "country"), "")
    return labels | {"day": date(2026, 1, 1), "bot": False, "count": 1, "job_id": 1}


def results(job_id: int) -> list[tuple[str, str]]:
    query = select(items.c.slug, items.c.status).where(items.c.job_id == job_id).order_by(items.c.index)
    with store.read() as db:
        return [(row.slug, row.status) for row in db.execute(query)]


def test_links_that_nobody_clicked_are_deleted_and_the_others_are_kept(job_id: int) -> None:
    undo_id = control.undo(read_job(job_id))
    assert work(ShardKind.UNDO)["deleted"] == 2
    job = read_job(undo_id)
    assert (job.status, job.total, job.deleted, job.existing, job.created) == (JobStatus.COMPLETED, 3, 2, 1, 0)
    assert results(undo_id) == [("a", "deleted"), ("b", "existing"), ("d", "deleted")]
    with store.read() as db:
        assert list(db.execute(select(links.c.slug)).scalars()) == ["b"]


def test_its_items_keep_what_can_no_longer_be_read_from_the_links(job_id: int) -> None:
    undo_id = control.undo(read_job(job_id))
    work(ShardKind.UNDO)
    query = select(items.c.input, items.c.external_id, items.c.line).where(items.c.job_id == undo_id)
    with store.read() as db:
        first = db.execute(query.order_by(items.c.index)).first()
    assert first
    assert tuple(first) == ('{"url": "https://a.example/"}', "1", 2)


def test_the_end_is_announced_once_and_items_are_counted_by_status(job_id: int, steps: Steps) -> None:
    counters.pending.clear()
    undo_id = control.undo(read_job(job_id))
    work(ShardKind.UNDO)
    assert (steps.ends, steps.progress) == ([undo_id], [])
    assert steps.counters == [counters.field_name(counters.JOBS, "undo", "completed", "succeeded")]
    counts = counters.pending.counts
    assert counts[counters.field_name(counters.ITEMS, "undo", "deleted")] == 2
    assert counts[counters.field_name(counters.ITEMS, "undo", "existing")] == 1


def test_a_link_that_was_deleted_before_counts_as_deleted(job_id: int) -> None:
    with store.write() as db:
        db.execute(links.delete().where(links.c.slug == "a"))
    undo_id = control.undo(read_job(job_id))
    work(ShardKind.UNDO)
    assert results(undo_id)[0] == ("a", "deleted")


def test_an_undo_of_a_job_without_links_ends_at_once(owner: Owner, steps: Steps) -> None:
    job_id = accept_csv(owner, "url\nnope\n")
    work_off()
    steps.clear()
    undo_id = control.undo(read_job(job_id))
    assert read_job(undo_id).status == JobStatus.COMPLETED
    assert steps.ends == [undo_id]


def test_a_range_without_links_is_undone_too(owner: Owner, steps: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in ("postgresql.PostgreSQL", "sqlite.SQLite"):
        monkeypatch.setattr(f"models.store.{kind}.shard_rows", 1)
    job_id = accept_csv(owner, ROWS)
    work_off()
    undo_id = control.undo(read_job(job_id))
    work_off(ShardKind.UNDO)
    job = read_job(undo_id)
    assert (job.status, job.deleted, job.total) == (JobStatus.COMPLETED, 3, 3)


def test_a_webhook_reports_what_was_deleted_and_what_was_kept(owner: Owner, job_id: int) -> None:
    with store.write() as db:
        endpoints.add(db, owner.workspace_id, "https://hooks.example/", ["job.completed"])
    undo_id = control.undo(read_job(job_id))
    work(ShardKind.UNDO)
    with store.read() as db:
        body = db.execute(select(deliveries.c.body).where(deliveries.c.job_id == undo_id)).scalar_one()
    job = json.loads(body)["data"]
    assert (job["kind"], job["outcome"]) == ("undo", "succeeded")
    assert (job["counts"]["deleted"], job["counts"]["existing"], job["counts"]["created"]) == (2, 1, 0)


def test_results_list_the_links_with_the_same_statuses(job_id: int) -> None:
    undo_id = control.undo(read_job(job_id))
    work(ShardKind.UNDO)
    job = read_job(undo_id)
    statuses = [item.status for item in item_pages.page(job, [], -1, 10)]
    assert statuses == ["deleted", "existing", "deleted"]
    assert [item.slug for item in item_pages.page(job, ["existing"], -1, 10)] == ["b"]
