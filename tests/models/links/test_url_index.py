"""The URL index: which links a URL has, whether they may be given again, and one primary link a URL."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from models import store
from models.accounts.keys import Owner
from models.errors import DuplicateKey
from models.links import links, url_index
from models.links.links import Link
from models.links.url_index import PRIMARY, IndexedLink
from models.tables import links as link_rows
from models.tables import workspaces
from tests.models.links.new_links import add_link

URL = "https://shop.example/"
HASH = url_index.hashes([URL])[0]


@pytest.fixture(autouse=True)
def reusing(owner: Owner) -> None:
    with store.write() as db:
        db.execute(update(workspaces).where(workspaces.c.id == owner.workspace_id).values(reuses=True))


def write(owner: Owner, link: Link, rank: int) -> None:
    entry = {"workspace_id": owner.workspace_id, "hash": url_index.hashes([link.url])[0], "rank": rank}
    columns = {name: [value] for name, value in (link.key._asdict() | entry).items()}
    with store.write() as db:
        url_index.write(db, columns, 1)


def add(owner: Owner, slug: str, rank: int = PRIMARY, **columns: Any) -> Link:
    link = add_link(owner, slug, **{"url": URL} | columns)
    write(owner, link, rank)
    return link


def find(owner: Owner, link: Link) -> list[IndexedLink]:
    with store.read() as db:
        return url_index.find(db, owner.workspace_id, link.domain_id, [HASH])


def test_a_hash_is_the_same_everywhere_and_fits_its_column() -> None:
    assert HASH == url_index.hashes([URL])[0] != url_index.hashes([URL + "x"])[0]
    assert url_index.hashes(["https://a.b/"]) == [6082311933216053852]
    assert all(-(2**63) <= number < 2**63 for number in url_index.hashes(map(str, range(1000))))
    assert url_index.hashes([]) == []


def test_random_ranks_are_never_the_primary_one() -> None:
    ranks = url_index.random_ranks(10_000)
    assert min(ranks) > PRIMARY
    assert len(set(ranks)) == len(ranks)


def test_links_of_a_url_are_found_the_primary_one_first(owner: Owner) -> None:
    add(owner, "b", rank=9)
    add(owner, "c", rank=5)
    link = add(owner, "a", rank=PRIMARY)
    assert [(found.slug, found.url, found.usable) for found in find(owner, link)] == [
        ("a", URL, True),
        ("c", URL, True),
        ("b", URL, True),
    ]


def test_a_link_of_another_url_with_the_same_hash_shows_its_own(owner: Owner) -> None:
    link = add(owner, "a")
    with store.write() as db:
        links.change(db, link, {"title": "x"})
        db.execute(update(link_rows).values(url="https://other.example/"))
    assert [found.url for found in find(owner, link)] == ["https://other.example/"]


def test_of_a_url_with_very_many_links_only_the_first_are_read(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(url_index, "MORE_LINKS", 0)
    monkeypatch.setattr(url_index, "MOST_LINKS", 3)
    for number in range(9):
        link = add(owner, f"s{number}", rank=100 - number)
    other = add(owner, "other", rank=1000, url="https://other.example/")
    hashes = [HASH, *url_index.hashes(["https://other.example/", "https://none.example/"])]
    with store.read() as db:
        found = url_index.find(db, owner.workspace_id, link.domain_id, hashes)
    assert [(entry.slug, entry.rank) for entry in found] == [("s8", 92), ("s7", 93), ("s6", 94), (other.slug, 1000)]
    assert all(entry.usable for entry in found)


@pytest.mark.parametrize(
    "columns",
    [
        {"password_hash": "hash"},
        {"max_clicks": 5},
        {"disabled_at": datetime.now(UTC)},
        {"expires_at": datetime.now(UTC) - timedelta(seconds=1)},
    ],
)
def test_what_not_everybody_may_follow_is_not_usable(owner: Owner, columns: dict[str, Any]) -> None:
    link = add(owner, "a", **columns)
    assert [found.usable for found in find(owner, link)] == [False]


def test_a_link_that_ends_later_is_usable(owner: Owner) -> None:
    link = add(owner, "a", expires_at=datetime.now(UTC) + timedelta(hours=1))
    assert [found.usable for found in find(owner, link)] == [True]


def test_a_deleted_link_or_another_under_its_slug_is_not_usable(owner: Owner) -> None:
    link = add(owner, "a")
    with store.write() as db:
        db.execute(link_rows.delete())
    assert [(found.url, found.usable) for found in find(owner, link)] == [(None, False)]
    add_link(owner, "a", url=URL, generation=link.generation + 1)
    assert [(found.url, found.usable) for found in find(owner, link)] == [(None, False)]


def test_a_second_primary_link_of_a_url_is_taken(owner: Owner) -> None:
    add(owner, "a")
    with pytest.raises(DuplicateKey):
        add(owner, "b")


def test_a_demoted_link_makes_room_for_another_primary_one(owner: Owner) -> None:
    link = add(owner, "a")
    with store.write() as db:
        url_index.demote(db, url_index.find(db, owner.workspace_id, link.domain_id, [HASH]))
    add(owner, "b")
    assert [found.slug for found in find(owner, link)] == ["b", "a"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"url": "https://other.example/"}, []),
        ({"password_hash": "hash"}, []),
        ({"max_clicks": 3}, []),
        ({"title": "x"}, [True]),
        ({"disabled_at": datetime.now(UTC)}, [False]),
    ],
)
def test_a_change_of_a_link_is_followed(owner: Owner, change: dict[str, Any], expected: list[bool]) -> None:
    link = add(owner, "a", rank=3)
    with store.write() as db:
        assert links.change(db, link, change)
    assert [found.usable for found in find(owner, link)] == expected


def test_a_link_without_password_again_is_found_again(owner: Owner) -> None:
    link = add_link(owner, "a", url=URL, password_hash="hash")
    with store.write() as db:
        links.change(db, link, {"password_hash": None})
    (found,) = find(owner, link)
    assert (found.key, found.usable, found.rank > PRIMARY) == (link.key, True, True)


def test_nothing_is_indexed_for_a_workspace_that_never_reuses(owner: Owner) -> None:
    with store.write() as db:
        db.execute(update(workspaces).values(reuses=False))
        assert not url_index.is_kept(db, owner.workspace_id)
    link = add_link(owner, "a", url="https://old.example/")
    with store.write() as db:
        links.change(db, link, {"url": URL})
    assert find(owner, link) == []
