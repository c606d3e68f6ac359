"""Automatic slugs: reserved without gaps or overlaps, spelled in order and never twice."""

import pytest
from sqlalchemy import insert

from models import store
from models.accounts.keys import Owner
from models.links import slugs
from models.links.slugs import ALPHABET, SlugRange
from models.tables import slug_counters

KEY = b"k" * 32


@pytest.mark.parametrize("length", [5, 7, 8, 10])
def test_a_range_gives_as_many_slugs_of_its_length_as_its_size(length: int) -> None:
    limit = len(ALPHABET) ** length
    for start in (0, limit - 1000):
        generated = slugs.in_byte_order([SlugRange(length, start, 1000)], 1, KEY)
        assert (len(set(generated)), set(map(len, generated))) == (1000, {length})
        assert set("".join(generated)) <= set(ALPHABET)


def test_slugs_come_in_byte_order_over_ranges_too() -> None:
    generated = slugs.in_byte_order([SlugRange(7, 0, 500), SlugRange(8, 0, 500)], 1, KEY)
    assert [slug.encode() for slug in generated] == sorted(slug.encode() for slug in generated)


def test_random_order_has_the_same_slugs_in_another_order() -> None:
    ranges = [SlugRange(7, 0, 500), SlugRange(8, 0, 500)]
    in_order = slugs.in_byte_order(ranges, 1, KEY)
    shuffled = slugs.in_random_order(ranges, 1, KEY)
    assert sorted(shuffled) == in_order
    assert shuffled[:500] != sorted(shuffled[:500])


def test_every_number_of_a_length_has_a_slug_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slugs, "TURN", 100)  # of 256 slugs that begin with a letter: the last turn is a short one
    generated = slugs.in_byte_order([SlugRange(5, 0, 1000), SlugRange(5, 1000, 24)], 1, KEY, "abcd")
    assert len(set(generated)) == 4**5


def test_the_slugs_of_a_shard_are_close_together_in_the_index_and_those_of_many_are_everywhere() -> None:
    first_letters = {slug[0] for slug in slugs.in_byte_order([SlugRange(7, 5 * slugs.TURN - 10, 20)], 1, KEY)}
    assert len(first_letters) == 2
    many = slugs.in_byte_order([SlugRange(7, turn * slugs.TURN, 1) for turn in range(len(ALPHABET))], 1, KEY)
    assert {slug[0] for slug in many} == set(ALPHABET)


def test_ranges_never_overlap() -> None:
    one, two = (set(slugs.in_byte_order([SlugRange(7, start, 5000)], 1, KEY)) for start in (0, 5000))
    assert not one & two


def test_other_keys_domains_and_lengths_give_other_slugs() -> None:
    first = set(slugs.in_byte_order([SlugRange(7, 0, 1000)], 1, KEY))
    for domain, key in ((1, b"other"), (2, KEY)):
        assert not first & set(slugs.in_byte_order([SlugRange(7, 0, 1000)], domain, key))
    assert not {slug[:7] for slug in slugs.in_byte_order([SlugRange(8, 0, 1000)], 1, KEY)} & first


def test_the_next_range_begins_where_the_last_one_ended(owner: Owner) -> None:
    with store.write() as db:
        assert slugs.reserve(db, 1, 7, 10) == [SlugRange(7, 0, 10)]
        assert slugs.reserve(db, 1, 7, 5) == [SlugRange(7, 10, 5)]
        assert slugs.reserve(db, 2, 7, 5) == [SlugRange(7, 0, 5)]
        assert slugs.reserve(db, 1, 5, 5) == [SlugRange(5, 0, 5)]


@pytest.mark.parametrize("shortest", [slugs.SHORTEST, 5])
def test_slugs_become_a_letter_longer_when_a_length_is_used_up(owner: Owner, shortest: int) -> None:
    with store.write() as db:
        full = {"domain_id": 1, "length": shortest, "next_value": len(ALPHABET) ** shortest - 3}
        db.execute(insert(slug_counters).values(full))
        both = slugs.reserve(db, 1, shortest, 10)
        assert both == [SlugRange(shortest, full["next_value"], 3), SlugRange(shortest + 1, 0, 7)]
        assert slugs.reserve(db, 1, shortest, 2) == [SlugRange(shortest + 1, 7, 2)]
    assert len(set(slugs.in_byte_order(both, 1, KEY))) == 10


def test_a_domain_without_case_has_letters_of_one_case_and_as_many_slugs_as_they_give(owner: Owner) -> None:
    alphabet = slugs.alphabet_of(case_sensitive=False)
    limit = len(alphabet) ** 5
    generated = slugs.in_byte_order([SlugRange(5, start, 1000) for start in (0, limit - 1000)], 1, KEY, alphabet)
    assert (len(set(generated)), generated) == (2000, sorted(generated))
    assert set("".join(generated)) == set("0123456789abcdefghijklmnopqrstuvwxyz")
    with store.write() as db:
        db.execute(insert(slug_counters).values(domain_id=1, length=5, next_value=limit - 3))
        assert slugs.reserve(db, 1, 5, 10, alphabet) == [SlugRange(5, limit - 3, 3), SlugRange(6, 0, 7)]
