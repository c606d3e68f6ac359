"""By query: the links that match a filter when the job begins are changed or deleted."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import delete

from models import store
from models.accounts.keys import Owner
from models.errors import Invalid
from models.jobs import retention
from models.jobs.jobs import Job
from models.states import ShardKind
from models.tables import links
from producer.accept import accept, query_upload
from producer.documents import results
from producer.job_options import JobAction, Options
from tests.changes import link_rows, outcomes, run_query, run_rows, run_undo, statuses
from tests.steps import read_job, record_steps
from tests.work import work, work_off


@pytest.fixture(autouse=True)
def created(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> Job:
    record_steps(monkeypatch)
    rows = [{"url": f"https://example.com/{slug}", "slug": slug, "tags": ["spring"]} for slug in "ab"]
    return run_rows(owner, [*rows, {"url": "https://example.com/c", "slug": "c", "clicks": 5}])


def test_all_links_that_match_get_the_values(owner: Owner) -> None:
    job = run_query(owner, action="update", where={"tag": "spring"}, set={"title": "Spring", "add_tags": ["sale"]})
    assert (job.kind, job.status, job.source, job.updated) == ("update", "completed", "query", 2)
    assert (
        outcomes(job) == [("updated", None, {"title": [None, "Spring"], "tags": [["spring"], ["sale", "spring"]]})] * 2
    )
    assert [row.title for row in link_rows().values()].count("Spring") == 2
    run_undo(job)
    assert {row.title for row in link_rows().values()} == {None}


def test_null_clears_a_field_of_all(owner: Owner) -> None:
    run_query(owner, action="update", where={}, set={"title": "x", "password": "secret", "group": None})
    assert all(row.password_hash for row in link_rows().values())
    job = run_query(owner, action="update", where={}, set={"title": None, "password": None})
    assert (job.updated, {row.title for row in link_rows().values()}) == (3, {None})


def test_links_are_deleted_by_their_clicks(owner: Owner) -> None:
    assert run_query(owner, action="delete", where={"clicks": "none"}).deleted == 2
    assert list(link_rows()) == ["c"]


def test_a_query_without_links_completes(owner: Owner) -> None:
    job = run_query(owner, action="delete", where={"tag": "nobody"})
    assert (job.status, job.total) == ("completed", 0)


def test_a_query_for_the_links_of_a_job_whose_retention_ends_before_it_fails(owner: Owner, created: Job) -> None:
    where = {"job": str(created.id)}
    job_id = accept(query_upload(), owner, lambda: Options(action=JobAction.DELETE, where=where))
    with store.write() as db:
        retention.mark_over(db, datetime.now(UTC))
    work(ShardKind.SPLIT, "bulk")
    job = read_job(job_id)
    assert (job.status, job.deleted) == ("failed", 0)
    assert "items were deleted" in (job.detail or "")


def test_the_set_of_links_is_fixed_when_the_job_begins(owner: Owner) -> None:
    job_id = accept(query_upload(), owner, lambda: Options(action=JobAction.DELETE, where={"tag": "spring"}))
    work(ShardKind.SPLIT, "bulk")
    with store.write() as db:
        db.execute(delete(links).where(links.c.slug == "a"))
    work_off(queue="bulk")
    assert sorted(statuses(read_job(job_id))) == ["NOT_FOUND", "deleted"]


def test_results_name_the_links_by_their_ids(owner: Owner) -> None:
    job = run_query(owner, action="delete", where={"tag": "spring"})
    header, *lines = b"".join(results.as_csv(job, results.ResultQuery())).decode().splitlines()
    assert header == "id,line,status,short_url,slug,error_code,error_message"
    assert len(lines) == 2


@pytest.mark.parametrize(
    "options",
    [
        {"action": "update", "where": {}},
        {"action": "create", "where": {}},
        {"action": "delete", "where": {}, "set": {"title": "x"}},
        {"action": "update", "where": {}, "set": {"external_id": "x"}},
        {"action": "update", "where": {}, "set": {"colour": "x"}},
        {"action": "update", "where": {}, "set": {"max_clicks": 0}},
        {"action": "update", "where": {}, "set": {"url": None}},
        {"action": "update"},
    ],
)
def test_options_that_mean_nothing_are_refused(owner: Owner, options: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        run_query(owner, **options)
    with store.read():
        assert len(link_rows()) == 3
