"""What workers fetch for more than one shard: no slug is handed out twice, and no word stays unknown for long."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from models import store
from models.accounts import domains
from models.accounts.keys import Owner
from models.links import reserved_words, slugs
from workers.shards import slug_pool


@pytest.fixture
def domain(owner: Owner) -> int:
    with store.read() as db:
        found = domains.find(db, owner.workspace_id, None)
    assert found
    return int(found.id)


def next_value(domain: int) -> int:
    with store.write() as db:
        return slugs.reserve(db, domain, slugs.SHORTEST, 1)[0].start


def test_small_shards_share_what_was_fetched_once(domain: int) -> None:
    taken = slug_pool.SlugPool()
    found = [slug for _ in range(20) for slug in taken.take(domain, slugs.SHORTEST, 100)]
    assert len(set(found)) == 2_000
    assert all(len(slug) == slugs.SHORTEST for slug in found)
    assert next_value(domain) == slug_pool.BLOCK_SIZE


def test_they_come_sorted_and_from_all_over_the_alphabet_behind_their_first_letter(domain: int) -> None:
    found = slug_pool.SlugPool().take(domain, slugs.SHORTEST, 200)
    assert found == sorted(found)
    assert len({slug[0] for slug in found}) == 1
    assert all(len({slug[place] for slug in found}) > 30 for place in range(1, slugs.SHORTEST))


def test_what_is_left_over_is_no_part_of_a_larger_order(domain: int) -> None:
    taken = slug_pool.SlugPool()
    first, second = (taken.take(domain, slugs.SHORTEST, slug_pool.BLOCK_SIZE - 1) for _ in range(2))
    large = taken.take(domain, slugs.SHORTEST, slug_pool.BLOCK_SIZE)
    assert len({*first, *second, *large}) == 3 * slug_pool.BLOCK_SIZE - 2
    assert large == sorted(large)


def test_lengths_and_processes_have_stocks_of_their_own(domain: int) -> None:
    one, other = slug_pool.SlugPool(), slug_pool.SlugPool()
    assert {len(slug) for slug in one.take(domain, 5, 3)} == {5}
    assert not {*one.take(domain, slugs.SHORTEST, 50)} & {*other.take(domain, slugs.SHORTEST, 50)}


def test_threads_do_not_get_the_same(domain: int) -> None:
    taken = slug_pool.SlugPool()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: taken.take(domain, slugs.SHORTEST, 700), range(40)))
    assert len({slug for some in found for slug in some}) == 40 * 700


def test_a_new_word_is_known_when_its_minute_is_over(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    words = slug_pool.ReservedWords()
    assert "brand-new" not in words.read()
    with store.write() as db:
        reserved_words.add(db, {"brand-new"})
    assert "brand-new" not in words.read()
    monkeypatch.setattr(words, "valid_until", 0.0)
    assert "brand-new" in words.read()
