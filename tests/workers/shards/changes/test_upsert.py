"""Upsert: with on_existing=update a row changes the link that has its external id or slug already."""

from typing import Any

import pytest

from models.accounts.keys import Owner
from models.errors import Invalid
from models.jobs.jobs import Job
from tests.changes import link_rows, outcomes, run_rows, run_undo, statuses
from tests.owners import new_owner
from tests.steps import record_steps


@pytest.fixture(autouse=True)
def created(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> Job:
    record_steps(monkeypatch)
    return run_rows(owner, [row("a", external_id="1"), row("b")])


def row(slug: str, **fields: Any) -> dict[str, Any]:
    return {"url": f"https://example.com/{slug}", "slug": slug, **fields}


def upsert(owner: Owner, *rows: dict[str, Any], **options: Any) -> Job:
    return run_rows(owner, rows, on_existing="update", **options)


def test_rows_change_what_is_there_and_create_the_rest(owner: Owner) -> None:
    job = upsert(
        owner,
        {"external_id": "1", "url": "https://example.com/new"},
        row("b", title="B", tags=["x"]),
        row("c"),
        row("b", title="B"),
        {"external_id": "2", "url": "https://example.com/2"},
    )
    assert outcomes(job) == [
        ("updated", None, {"url": ["https://example.com/a", "https://example.com/new"]}),
        ("updated", None, {"title": [None, "B"], "tags": [[], ["x"]]}),
        ("created", None, None),
        ("existing", None, None),
        ("created", None, None),
    ]
    assert (job.kind, job.created, job.updated, job.existing) == ("create", 2, 2, 1)


def test_a_later_row_changes_what_an_earlier_one_creates(owner: Owner) -> None:
    job = upsert(owner, row("c", external_id="3"), {"external_id": "3", "url": "https://example.com/3"}, row("c"))
    assert outcomes(job)[1:] == [
        ("updated", None, {"url": ["https://example.com/c", "https://example.com/3"]}),
        ("updated", None, {"url": ["https://example.com/3", "https://example.com/c"]}),
    ]


def test_a_link_that_is_found_by_its_slug_gets_the_external_id(owner: Owner) -> None:
    job = upsert(owner, row("b", external_id="b-id"), {"external_id": "b-id", "url": "https://example.com/2"})
    assert statuses(job) == ["updated", "updated"]
    assert (link_rows()["b"].external_id, link_rows()["b"].url) == ("b-id", "https://example.com/2")


def test_a_row_that_breaks_a_rule_changes_nothing(owner: Owner) -> None:
    assert statuses(upsert(owner, row("a", max_clicks=0), row("z", max_clicks=0))) == ["INVALID_MAX_CLICKS"] * 2


def test_another_workspace_keeps_its_slug(owner: Owner) -> None:
    assert statuses(upsert(new_owner("other"), row("a"))) == ["SLUG_TAKEN"]


def test_a_row_without_a_url_leaves_that_of_its_link(owner: Owner) -> None:
    assert statuses(upsert(owner, {"slug": "a", "title": "A"}, {"slug": "z", "title": "Z"})) == [
        "updated",
        "INVALID_URL",
    ]


def test_an_undo_deletes_what_was_created_and_restores_the_rest(owner: Owner) -> None:
    before = link_rows()
    job = upsert(owner, row("b", title="B"), row("c"), row("c", title="C"))
    assert statuses(run_undo(job)) == ["updated", "deleted", "updated"]
    assert link_rows() == before


def test_a_dry_run_says_the_same(owner: Owner) -> None:
    rows = (row("a", title="A"), row("b"), row("c"))
    expected = statuses(upsert(owner, *rows, dry_run=True))
    assert expected == statuses(upsert(owner, *rows)) == ["updated", "existing", "created"]


def test_without_the_option_nothing_changes(owner: Owner) -> None:
    assert statuses(run_rows(owner, [row("a", external_id="1", title="A"), row("b")])) == ["existing", "SLUG_TAKEN"]


def test_options_that_contradict_each_other_are_refused(owner: Owner) -> None:
    with pytest.raises(Invalid):
        upsert(owner, row("a"), duplicates="reuse")
