"""Undo of updates and deletions: what was changed is as before, where nobody else has changed it since."""

from typing import Any

import pytest
from sqlalchemy import func, select, update

from models import store
from models.accounts.keys import Owner
from models.jobs import retention
from models.jobs.jobs import Job
from models.link_key import LinkKey
from models.links import labels, tagging
from models.tables import deleted_links, link_tags
from tests.changes import link_id, link_rows, outcomes, run_rows, run_undo, statuses
from tests.steps import record_steps

ROWS = [
    {"url": f"https://example.com/{slug}", "slug": slug, "external_id": f"id-{slug}", "title": slug.upper()}
    for slug in "abcde"
]


@pytest.fixture(autouse=True)
def created(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> Job:
    record_steps(monkeypatch)
    rows = [
        row | {"tags": ["old"], "password": "secret", "disabled": True} if row["slug"] == "a" else row for row in ROWS
    ]
    return run_rows(owner, rows, groups="create")


def snapshot() -> dict[str, Any]:
    rows = link_rows()
    keys = [LinkKey(row.domain_id, row.slug, row.generation) for row in rows.values()]
    with store.read() as db:
        return {"links": rows, "tags": tagging.of_links(db, keys)}


def test_every_changed_field_returns(owner: Owner) -> None:
    before = snapshot()
    row = {"title": "New", "max_clicks": 5, "tags": ["x"], "password": None, "disabled": False, "group": "g", "ttl": 60}
    job = run_rows(
        owner,
        [
            {"slug": "a", **row},
            {"slug": "b", "new_slug": "z"},
            {"slug": "z", "title": None},
            {"slug": "z", "url": "https://x.example/"},
        ],
        action="update",
        groups="create",
    )
    assert statuses(job) == ["updated"] * 4
    undone = run_undo(job)
    assert (undone.kind, undone.updated, undone.existing, undone.failed) == ("undo", 4, 0, 0)
    assert snapshot() == before


def test_a_link_that_was_changed_since_stays(owner: Owner) -> None:
    job = run_rows(owner, [{"slug": "b", "title": "1"}, {"slug": "c", "title": "1"}], action="update")
    run_rows(owner, [{"slug": "b", "title": "2"}], action="update")
    assert statuses(run_undo(job)) == ["existing", "updated"]
    assert [link_rows()[slug].title for slug in "bc"] == ["2", "C"]


def test_deleted_links_return_as_they_were(owner: Owner) -> None:
    before = snapshot()
    ids = [link_id(slug) for slug in "ab"]
    job = run_rows(owner, [{"id": each} for each in ids], action="delete")
    assert set(link_rows()) == {"c", "d", "e"}
    undone = run_undo(job)
    assert (undone.created, undone.failed) == (2, 0)
    assert statuses(undone) == ["created"] * 2
    assert snapshot() == before
    assert statuses(run_undo(job)) == ["existing"] * 2


def test_a_slug_that_is_taken_by_now_does_not_return(owner: Owner) -> None:
    job = run_rows(owner, [{"slug": "a"}, {"slug": "b"}, {"slug": "c"}], action="delete")
    run_rows(owner, [{"url": "https://x.example/", "slug": "a"}, {"url": "https://x.example/", "external_id": "id-b"}])
    assert statuses(run_undo(job)) == ["SLUG_TAKEN", "INVALID_EXTERNAL_ID", "created"]


def test_of_two_links_with_one_slug_the_first_returns(owner: Owner) -> None:
    job = run_rows(owner, [{"slug": "a"}, {"slug": "b"}], action="delete")
    with store.write() as db:  # as if another link had been created as "a" between the two rows
        second = update(deleted_links).where(deleted_links.c.item_index == 1)
        db.execute(second.values(slug="a", generation=1, external_id=None))
    assert statuses(run_undo(job)) == ["created", "SLUG_TAKEN"]


def test_a_link_that_is_renamed_like_a_deleted_one_has_tags_of_its_own(owner: Owner) -> None:
    run_rows(owner, [{"slug": "b", "tags": ["old", "own"]}], action="update")
    deletion = run_rows(owner, [{"slug": "a"}], action="delete")
    assert statuses(run_rows(owner, [{"slug": "b", "new_slug": "a"}], action="update")) == ["updated"]
    forget(deletion)
    assert list(snapshot()["tags"].values()) == [["old", "own"]]


def forget(job: Job) -> None:
    with store.write() as db:
        retention.forget(db, job)
    with store.write() as db:
        retention.step(db)


def test_what_an_undo_needs_goes_with_the_retention_of_the_job(owner: Owner) -> None:
    forget(run_rows(owner, [{"slug": "a"}], action="delete"))
    with store.read() as db:
        for table in (deleted_links, link_tags):
            assert db.execute(select(func.count()).select_from(table)).scalar() == 0


def test_an_update_in_many_shards_is_undone_from_its_end(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    before = snapshot()
    monkeypatch.setattr(type(store.dialect()), "shard_rows", 2)
    rows = [{"slug": "b", "title": str(number)} for number in range(7)]
    job = run_rows(owner, rows, action="update")
    assert [changes["title"] for _, _, changes in outcomes(job)][-1] == ["5", "6"]
    assert statuses(run_undo(job)) == ["updated"] * 7
    assert snapshot() == before


def test_a_group_that_was_deleted_does_not_return(owner: Owner) -> None:
    run_rows(owner, [{"slug": "a", "group": "g"}], action="update", groups="create")
    job = run_rows(owner, [{"slug": "a", "group": None}], action="update")
    with store.write() as db:
        (group,) = labels.page(db, labels.GROUPS, owner.workspace_id, 0, 1)
        labels.remove(db, labels.GROUPS, group)
    assert statuses(run_undo(job)) == ["UNKNOWN_GROUP"]
