"""Random slugs of a length and a beginning that a client chooses."""

from typing import Any

import pytest

from models import store
from models.accounts import domains
from models.accounts.keys import Owner
from models.links.slugs import FOLDED_ALPHABET
from producer import random_slugs
from producer.fields.item_rules import InvalidValue
from producer.random_slugs import SlugPattern, parse_pattern


@pytest.mark.parametrize(
    ("folder", "length", "pattern"),
    [
        ("", None, ("", 7)), ("c", None, ("c/", 7)), ("/c/", 5, ("c/", 5)), ("/a/b", 3, ("a/b/", 3)),
        ("", 190, ("", 190)), ("", 5.0, ("", 5)), ("é", 3, ("é/", 3)),
    ],
)  # fmt: skip
def test_a_pattern_is_a_folder_and_a_length(folder: str, length: Any, pattern: tuple[str, int]) -> None:
    assert parse_pattern(folder, length) == pattern


@pytest.mark.parametrize(
    ("folder", "length"),
    [
        (5, 7),
        ([], 7),
        ("a b", 7),
        ("..", 7),
        ("c", 189),
        ("", 2),
        ("", 191),
        ("", "7"),
        ("", True),
        ("", 5.5),
        ("", []),
    ],
)
def test_other_values_are_refused(folder: Any, length: Any) -> None:
    with pytest.raises(InvalidValue):
        parse_pattern(folder, length)


@pytest.mark.parametrize("owner", ["sqlite"], indirect=True)
class TestFill:
    def test_items_without_a_pattern_stay_as_they_are(self, owner: Owner) -> None:
        items: list[dict[str, Any]] = [{"url": "https://a.b"}, {"slug": "own"}, {"slug": 5}]
        random_slugs.fill(items, owner)
        assert items == [{"url": "https://a.b"}, {"slug": "own"}, {"slug": 5}]

    def test_where_all_slugs_of_a_length_are_in_use_they_get_longer(
        self, owner: Owner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("producer.random_slugs.alphabet_of", lambda case_sensitive: "ab")
        items: list[dict[str, Any]] = [{"slug": SlugPattern("c/", 3)} for _ in range(20)]
        items.append({"slug": "c/aaaa"})
        random_slugs.fill(items, owner)
        slugs = {item["slug"] for item in items}
        assert len(slugs) == 21
        assert {len(slug) for slug in slugs} >= {5, 6}

    def test_a_reserved_word_is_never_drawn(self, owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("producer.random_slugs.alphabet_of", lambda case_sensitive: "a")
        monkeypatch.setattr("producer.random_slugs.reserved_words.load", lambda db: frozenset(("aaa", "aaaa")))
        items: list[dict[str, Any]] = [{"slug": SlugPattern("", 3)}]
        random_slugs.fill(items, owner)
        assert items == [{"slug": "aaaaa"}]

    def test_a_domain_on_which_case_does_not_matter_has_small_letters(self, owner: Owner) -> None:
        with store.write() as db:
            domains.add(db, owner.workspace_id, "small.example", case_sensitive=False)
        items: list[dict[str, Any]] = [{"slug": SlugPattern("C/", 20), "domain": "Small.Example"}]
        random_slugs.fill(items, owner)
        assert set(items[0]["slug"]) <= {*FOLDED_ALPHABET, "/"}
