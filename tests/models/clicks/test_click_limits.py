"""Click limits: a link is used exactly as often as it allows, however many visitors come at once."""

from concurrent.futures import ThreadPoolExecutor

from models import store
from models.accounts.keys import Owner
from models.clicks import click_limits
from models.link_key import LinkKey

KEY = LinkKey(1, "a", 7)


def take(key: LinkKey, limit: int) -> bool:
    with store.write() as db:
        return click_limits.take(db, key, limit)


def count(key: LinkKey) -> int:
    with store.read() as db:
        return click_limits.count(db, key)


def test_so_many_uses_are_given_as_the_limit_allows(owner: Owner) -> None:
    assert [take(KEY, 2) for _ in range(4)] == [True, True, False, False]
    assert count(KEY) == 2


def test_an_unused_link_has_no_uses(owner: Owner) -> None:
    assert count(KEY) == 0


def test_exactly_so_many_uses_are_given_when_many_ask_at_once(owner: Owner) -> None:
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: take(KEY, 40), range(100)))
    assert (results.count(True), count(KEY)) == (40, 40)


def test_a_raised_limit_gives_more_and_a_lowered_one_none(owner: Owner) -> None:
    assert [take(KEY, 1), take(KEY, 1)] == [True, False]
    assert take(KEY, 2)
    assert not take(KEY, 1)
    assert count(KEY) == 2


def test_a_later_link_with_the_same_slug_has_uses_of_its_own(owner: Owner) -> None:
    assert take(KEY, 1)
    assert take(KEY._replace(generation=8), 1)
    assert take(KEY._replace(domain_id=2), 1)
    assert not take(KEY, 1)
