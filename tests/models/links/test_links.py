"""Links: written, found, changed and removed together with their rows in other tables."""

from typing import Any

import pytest

from models import store
from models.accounts.keys import Owner
from models.clicks import click_limits
from models.errors import DuplicateKey
from models.link_key import new_generation
from models.links import links, tagging, title_queue
from models.links.links import LinkRef
from models.tables import link_tags, untitled, urls, uses
from tests.models.links.new_links import GENERATION, JOB_ID, add_link


def test_a_link_is_found_by_domain_and_slug(owner: Owner) -> None:
    link = add_link(owner, "a", title="A title")
    with store.read() as db:
        assert links.get(db, link.domain_id, "a") == link
        assert links.get(db, link.domain_id, "A") is None
        assert links.get(db, link.domain_id + 1, "a") is None
    assert (link.url, link.title, link.workspace_id) == ("https://a.example/", "A title", owner.workspace_id)
    assert link.key == (link.domain_id, "a", GENERATION)


def test_used_slugs_are_those_of_this_domain(owner: Owner) -> None:
    link = add_link(owner, "a")
    add_link(owner, "b", domain_id=1)
    with store.read() as db:
        assert links.used_slugs(db, link.domain_id, ["a", "b", "c"]) == {"a"}
        assert links.used_slugs(db, link.domain_id, []) == set()


def test_external_ids_are_those_of_this_workspace(owner: Owner) -> None:
    link = add_link(owner, "a", external_id="x")
    add_link(owner, "b", external_id="y", workspace_id=1)
    expected = {"x": LinkRef("a", GENERATION, link.domain_id)}
    with store.read() as db:
        assert links.by_external_id(db, owner.workspace_id, ["x", "y", "z"]) == expected
        assert links.by_external_id(db, owner.workspace_id, []) == {}


def test_a_slug_or_external_id_in_use_is_taken(owner: Owner) -> None:
    add_link(owner, "a", external_id="x")
    with pytest.raises(DuplicateKey):
        add_link(owner, "a")
    with pytest.raises(DuplicateKey):
        add_link(owner, "b", external_id="x")


def test_nothing_is_written_of_no_links(owner: Owner) -> None:
    with store.write() as db:
        links.write(db, {"slug": []}, 0)


def test_a_change_keeps_what_it_does_not_name(owner: Owner) -> None:
    link = add_link(owner, "a", title="old", external_id="x")
    with store.write() as db:
        assert links.change(db, link, {"title": "new"})
        assert links.change(db, link, {})
        changed = links.get(db, link.domain_id, "a")
    assert changed
    assert (changed.title, changed.external_id, changed.url) == ("new", "x", link.url)


def test_a_change_to_the_external_id_of_another_link_is_taken(owner: Owner) -> None:
    add_link(owner, "a", external_id="x")
    link = add_link(owner, "b")
    with pytest.raises(DuplicateKey), store.write() as db:
        links.change(db, link, {"external_id": "x"})


def test_a_later_link_with_the_same_slug_is_neither_changed_nor_removed(owner: Owner) -> None:
    former = add_link(owner, "a")
    with store.write() as db:
        assert links.remove(db, former)
    later = add_link(owner, "a", generation=GENERATION + 1)
    with store.write() as db:
        assert not links.change(db, former, {"title": "x"})
        assert not links.remove(db, former)
        assert links.get(db, later.domain_id, "a") == later


def rows_of_slug(table: Any, slug: str) -> int:
    with store.read() as db:
        return len(db.execute(table.select().where(table.c.slug == slug)).all())


def test_removing_a_link_removes_its_rows_in_other_tables_and_no_others(owner: Owner) -> None:
    both = [add_link(owner, slug) for slug in "ab"]
    with store.write() as db:
        for link in both:
            tagging.replace(db, owner.workspace_id, link.key, ["red"])
            click_limits.take(db, link.key, 5)
            key = {name: [value] for name, value in link.key._asdict().items()}
            title_queue.add(db, key | {"job_id": [JOB_ID], "url": [link.url], "host": ["a.example"]}, 1)
            entry = {"workspace_id": owner.workspace_id, "hash": 1, "rank": ord(link.slug)}
            db.execute(urls.insert().values(link.key._asdict() | entry))
    tables = (link_tags, uses, untitled, urls)
    assert [rows_of_slug(table, "a") for table in tables] == [1, 1, 1, 1]
    with store.write() as db:
        assert links.remove(db, both[0])
    assert [rows_of_slug(table, "a") for table in tables] == [0, 0, 0, 0]
    assert [rows_of_slug(table, "b") for table in tables] == [1, 1, 1, 1]


def test_generations_are_drawn_at_random_within_the_column() -> None:
    drawn = {new_generation() for _ in range(100)}
    assert len(drawn) > 90
    assert all(0 <= generation < 2**31 for generation in drawn)
