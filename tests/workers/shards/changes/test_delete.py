"""Delete: a row's link goes, whatever the row calls it, and is kept for an undo."""

import pytest
from sqlalchemy import select

from models import store
from models.accounts.keys import Owner
from models.jobs.jobs import Job
from models.tables import deleted_links
from tests.changes import link_id, link_rows, run_rows, statuses
from tests.steps import record_steps

ROWS = [{"url": f"https://example.com/{slug}", "slug": slug, "external_id": f"id-{slug}"} for slug in "abcde"]


@pytest.fixture(autouse=True)
def created(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> Job:
    record_steps(monkeypatch)
    return run_rows(owner, ROWS)


def test_a_row_names_its_link_by_the_first_name_that_it_has(owner: Owner) -> None:
    rows = [
        {"id": link_id("a"), "slug": "e"},
        {"external_id": "id-b", "slug": "e"},
        {"short_url": "http://localhost:8000/c"},
        {"slug": "d"},
        {"slug": "nobody"},
        {},
    ]
    job = run_rows(owner, rows, action="delete")
    assert statuses(job) == ["deleted"] * 4 + ["NOT_FOUND"] * 2
    assert list(link_rows()) == ["e"]
    assert (job.kind, job.status, job.deleted, job.failed) == ("delete", "completed", 4, 2)


def test_a_link_is_deleted_once(owner: Owner) -> None:
    job = run_rows(owner, [{"slug": "a"}, {"external_id": "id-a"}], action="delete")
    assert statuses(job) == ["deleted", "NOT_FOUND"]


def test_a_dry_run_deletes_nothing(owner: Owner) -> None:
    job = run_rows(owner, [{"slug": "a"}], action="delete", dry_run=True)
    assert statuses(job) == ["deleted"]
    assert len(link_rows()) == 5


def test_a_deleted_link_is_kept_for_the_undo(owner: Owner) -> None:
    before = link_rows()["b"]
    job = run_rows(owner, [{"slug": "nobody"}, {"slug": "b"}], action="delete")
    with store.read() as db:
        kept = db.execute(select(deleted_links)).one()
    assert (kept.deleted_by, kept.item_index, kept.slug, kept.url) == (job.id, 1, "b", before.url)
    assert kept.generation == before.generation
