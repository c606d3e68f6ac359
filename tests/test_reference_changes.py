"""Jobs that change links mean the same as the plain loop of tests/reference_changes.py, on both stores."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from models import store
from models.accounts.keys import Owner
from models.link_key import LinkKey
from models.links import tagging
from models.tables import links
from tests import reference_changes
from tests.changes import link_rows, outcomes, run_rows, run_undo
from tests.examples import examples
from tests.steps import record_steps

SLUGS = ["a", "b", "c", "z"]
TAGS = st.lists(st.sampled_from(["x", "y", *map(str, range(15))]), max_size=15, unique=True) | st.none()
NAMES: Any = st.sampled_from([{"slug": slug} for slug in SLUGS] + [{"external_id": f"id-{slug}"} for slug in SLUGS])
CHANGES: Any = st.fixed_dictionaries(
    {},
    optional={
        "title": st.sampled_from(["A", "B", None, ""]),
        "url": st.sampled_from(["https://example.com/a", "https://example.com/b", None]),
        "max_clicks": st.sampled_from([1, 2, 0, None]),
        "disabled": st.booleans(),
        "tags": TAGS,
        "add_tags": TAGS,
        "remove_tags": TAGS,
        "new_slug": st.sampled_from(SLUGS),
    },
)
ROWS: Any = st.lists(st.tuples(NAMES, CHANGES).map(lambda parts: parts[0] | parts[1]), min_size=1, max_size=9)

UPSERT_NAMES: Any = st.sampled_from(SLUGS).flatmap(
    lambda slug: st.sampled_from(
        [{"slug": slug}, {"external_id": f"id-{slug}"}, {"slug": slug, "external_id": f"id-{slug}"}]
    )
)
UPSERT_FIELDS: Any = st.fixed_dictionaries(
    {"url": st.sampled_from(["https://example.com/a", "https://example.com/b", "https://example.com/c", None])},
    optional={
        "title": st.sampled_from(["A", "B", None, ""]),
        "max_clicks": st.sampled_from([1, 2, 0, None]),
        "disabled": st.booleans(),
        "tags": TAGS,
    },
)
UPSERTS: Any = st.lists(
    st.tuples(UPSERT_NAMES, UPSERT_FIELDS).map(lambda parts: parts[0] | parts[1]), min_size=1, max_size=9
)


@pytest.fixture(autouse=True)
def small_shards(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    record_steps(monkeypatch)
    monkeypatch.setattr(type(store.dialect()), "shard_rows", 3)


def new_links(owner: Owner) -> None:
    with store.write() as db:
        db.execute(delete(links))
    run_rows(owner, [new_link(slug) for slug in SLUGS[:3]])


def new_link(slug: str) -> dict[str, Any]:
    return {"url": f"https://example.com/{slug}", "slug": slug, "external_id": f"id-{slug}"}


def stored_links() -> list[dict[str, Any]]:
    rows = link_rows()
    keys = {slug: LinkKey(row.domain_id, slug, row.generation) for slug, row in rows.items()}
    with store.read() as db:
        tags = tagging.of_links(db, list(keys.values()))
    stored = []
    for slug, row in sorted(rows.items()):
        link = {name: getattr(row, name) for name in ("slug", "external_id", "url", "title", "max_clicks")}
        stored.append(link | {"disabled": row.disabled_at is not None, "tags": set(tags.get(keys[slug], ()))})
    return stored


@pytest.mark.slow
@settings(max_examples=examples(12), deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=ROWS)
def test_an_update_means_the_same_as_the_loop_and_its_undo_restores_everything(owner: Owner, rows: Any) -> None:
    new_links(owner)
    before = stored_links()
    expected = stored_links()
    results = reference_changes.update_all(rows, expected)
    job = run_rows(owner, rows, action="update")
    assert [outcome[:2] for outcome in outcomes(job)] == results
    assert stored_links() == sorted(expected, key=lambda link: link["slug"])
    run_undo(job)
    assert stored_links() == before


@pytest.mark.slow
@settings(max_examples=examples(10), deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=st.lists(NAMES, min_size=1, max_size=9))
def test_a_deletion_means_the_same_as_the_loop_and_its_dry_run_and_its_undo(owner: Owner, rows: Any) -> None:
    new_links(owner)
    before = stored_links()
    expected = stored_links()
    results = reference_changes.delete_all(rows, expected)
    assert [outcome[:2] for outcome in outcomes(run_rows(owner, rows, action="delete", dry_run=True))] == results
    assert stored_links() == before
    job = run_rows(owner, rows, action="delete")
    assert [outcome[:2] for outcome in outcomes(job)] == results
    assert stored_links() == expected
    run_undo(job)
    assert stored_links() == before


@settings(max_examples=examples(10), deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=ROWS)
def test_a_dry_run_of_an_update_says_what_the_run_says(owner: Owner, rows: Any) -> None:
    new_links(owner)
    rows = [{name: value for name, value in row.items() if name != "new_slug"} for row in rows]
    said = outcomes(run_rows(owner, rows, action="update", dry_run=True))
    assert said == outcomes(run_rows(owner, rows, action="update"))


@pytest.mark.slow
@settings(max_examples=examples(8), deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=UPSERTS)
def test_an_upsert_means_the_same_as_the_loop_and_its_undo_restores_everything(owner: Owner, rows: Any) -> None:
    new_links(owner)
    before = stored_links()
    expected = stored_links()
    results = reference_changes.upsert_all(rows, expected)
    job = run_rows(owner, rows, on_existing="update")
    assert [outcome[:2] for outcome in outcomes(job)] == results
    assert without_automatic_slugs(stored_links()) == without_automatic_slugs(expected)
    run_undo(job)
    assert stored_links() == before


def without_automatic_slugs(some: list[dict[str, Any]]) -> list[dict[str, Any]]:
    known = [link if link["slug"] in SLUGS else link | {"slug": None} for link in some]
    return sorted(known, key=lambda link: (str(link["slug"]), str(link["external_id"])))
