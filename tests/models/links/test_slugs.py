import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert

from models import store
from models.accounts.keys import Owner
from models.links import slugs
from models.links.permutation import permute
from models.links.slugs import ALPHABET, Range
from models.tables import slug_counters

KEY = b"k" * 32


@given(st.integers(1, 3000), st.binary(max_size=8))
def test_a_permutation_gives_every_number_below_its_limit_once(limit: int, key: bytes) -> None:
    found = permute(np.arange(limit, dtype=np.uint64), limit, key)
    assert sorted(found.tolist()) == list(range(limit))


@pytest.mark.parametrize("length", [5, 7, 8, 10])
def test_a_range_gives_as_many_slugs_of_its_length(length: int) -> None:
    limit = len(ALPHABET) ** length
    for start in (0, limit - 1000):
        found = slugs.spell([Range(length, start, 1000)], 1, KEY)
        assert (len(set(found)), set(map(len, found))) == (1000, {length})
        assert set("".join(found)) <= set(ALPHABET)


def test_slugs_come_in_byte_order_over_ranges_too() -> None:
    found = slugs.spell([Range(7, 0, 500), Range(8, 0, 500)], 1, KEY)
    assert [slug.encode() for slug in found] == sorted(slug.encode() for slug in found)


def test_ranges_never_overlap() -> None:
    one, two = (set(slugs.spell([Range(7, start, 5000)], 1, KEY)) for start in (0, 5000))
    assert not one & two


def test_neighbours_are_far_apart() -> None:
    """Consecutive numbers differ in about half their bits, and fill every part of what there is."""
    limit = len(ALPHABET) ** 7
    found = permute(np.arange(10_000, dtype=np.uint64), limit, KEY)
    flipped = np.bitwise_count(found[1:] ^ found[:-1])
    assert 19 < flipped.mean() < 23
    assert np.histogram(found, 10, (0, limit))[0].min() > 850
    assert abs(np.corrcoef(found[1:].astype(float), found[:-1].astype(float))[0, 1]) < 0.05


def test_other_keys_domains_and_lengths_give_other_slugs() -> None:
    usual = set(slugs.spell([Range(7, 0, 1000)], 1, KEY))
    for domain, key in ((1, b"other"), (2, KEY)):
        assert not usual & set(slugs.spell([Range(7, 0, 1000)], domain, key))
    assert not {slug[:7] for slug in slugs.spell([Range(8, 0, 1000)], 1, KEY)} & usual


def test_reserving_goes_on_where_it_left_off(owner: Owner) -> None:
    with store.write() as db:
        assert slugs.reserve(db, 1, 7, 10) == [Range(7, 0, 10)]
        assert slugs.reserve(db, 1, 7, 5) == [Range(7, 10, 5)]
        assert slugs.reserve(db, 2, 7, 5) == [Range(7, 0, 5)]
        assert slugs.reserve(db, 1, 5, 5) == [Range(5, 0, 5)]


@pytest.mark.parametrize("shortest", [slugs.SHORTEST, 5])
def test_slugs_grow_by_a_letter_when_a_length_is_used_up(owner: Owner, shortest: int) -> None:
    with store.write() as db:
        full = {"domain_id": 1, "length": shortest, "next_value": len(ALPHABET) ** shortest - 3}
        db.execute(insert(slug_counters).values(full))
        both = slugs.reserve(db, 1, shortest, 10)
        assert both == [Range(shortest, full["next_value"], 3), Range(shortest + 1, 0, 7)]
        assert slugs.reserve(db, 1, shortest, 2) == [Range(shortest + 1, 7, 2)]
    assert len(set(slugs.spell(both, 1, KEY))) == 10


def test_words_of_ours_are_reserved_and_stay_so(owner: Owner) -> None:
    with store.write() as db:
        slugs.keep_reserved(db, {"brand-new"})
        slugs.keep_reserved(db, {"api"})
        assert {"brand-new", "api", "healthz", "admin"} <= slugs.reserved(db)
