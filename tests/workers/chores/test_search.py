"""The search index follows the jobs: whatever changes a link, a search finds it, before the chore and after it."""

from collections.abc import Callable

import pytest

from models import store
from models.accounts.keys import Owner
from models.links import listing
from models.links.listing import LinkFilter
from models.links.search import unindexed
from producer.resources import links
from tests.changes import link_id, run_query, run_rows, run_undo
from tests.steps import record_steps
from workers import sweep
from workers.chores import search

ROWS = [{"url": f"https://example.com/{slug}", "slug": slug, "title": f"Title {slug}"} for slug in "abc"]


@pytest.fixture(autouse=True)
def created(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    record_steps(monkeypatch)
    run_rows(owner, ROWS)
    build()


def build() -> None:
    search.build()
    with store.read() as db:
        assert unindexed.due_workspace(db) is None


def found(owner: Owner, text: str) -> str:
    """The slugs of the links that a search finds, before the index has what was written, and after."""
    slugs = [slugs_with(owner, text)]
    build()
    slugs.append(slugs_with(owner, text))
    assert slugs[0] == slugs[1]
    return slugs[0]


def slugs_with(owner: Owner, text: str) -> str:
    with store.read() as db:
        return " ".join(sorted(link.slug for link in listing.page(db, owner.workspace_id, LinkFilter(text), None, 9)))


def update_by_file(owner: Owner) -> None:
    run_rows(owner, [{"slug": "b", "title": "A zebra"}], action="update")


def rename_by_file(owner: Owner) -> None:
    run_rows(owner, [{"slug": "b", "new_slug": "b-zebra"}], action="update")


def update_by_query(owner: Owner) -> None:
    run_query(owner, action="update", where={"search": "Title b"}, set={"title": "Zebra"})


def change_by_hand(owner: Owner) -> None:
    links.change_link(owner, link_id("b"), {"url": "https://zebra.example/"})


def move_in_time(owner: Owner) -> None:
    change_by_hand(owner)
    build()
    run_rows(owner, [{"slug": "b", "created_at": "2020-01-01T00:00:00Z"}], action="update")


def bring_back(owner: Owner) -> None:
    change_by_hand(owner)
    job = run_rows(owner, [{"slug": "b"}], action="delete")
    build()
    assert found(owner, "zebra") == ""
    run_undo(job)


def undo_a_change(owner: Owner) -> None:
    change_by_hand(owner)
    build()
    job = run_rows(owner, [{"slug": "b", "url": "https://other.example/"}], action="update")
    build()
    assert found(owner, "zebra") == ""
    run_undo(job)


def import_with_dates(owner: Owner) -> None:
    run_rows(owner, [{"slug": "b-old", "url": "https://zebra.example/", "created_at": "2019-05-05T10:00:00Z"}])


CHANGES = (
    update_by_file,
    rename_by_file,
    update_by_query,
    change_by_hand,
    move_in_time,
    bring_back,
    undo_a_change,
    import_with_dates,
)


@pytest.mark.parametrize("change", CHANGES)
def test_a_link_is_found_by_what_it_has_now(owner: Owner, change: Callable[[Owner], None]) -> None:
    change(owner)
    assert found(owner, "ZEBRA").startswith("b")


def test_what_was_deleted_or_changed_is_not_found(owner: Owner) -> None:
    run_rows(owner, [{"slug": "a"}], action="delete")
    run_rows(owner, [{"slug": "b", "title": "Other", "url": "https://other.example/"}], action="update")
    assert found(owner, "title") == "c"


def test_the_sweep_has_the_index_built_when_no_job_is_in_progress(
    owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = record_steps(monkeypatch)
    sweep.wake_for_search()
    assert "search" not in steps.tasks
    change_by_hand(owner)
    sweep.wake_for_search()
    assert steps.tasks == ["search"]
