"""Links in this process's memory: only such as everybody may follow, and never one that has changed."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from models.links import lookup
from models.links.lookup import Target
from producer.visits import link_cache
from producer.visits.link_cache import MOST_LINKS, LinkCache

PLAIN = Target(1, "a", 5, 7, "https://a.example/", None, None, None, None, None)


class Database:
    """The links of a test, and how often one was looked up."""

    def __init__(self, *targets: Target) -> None:
        self.targets = {(target.domain_id, target.slug): target for target in targets}
        self.lookups = 0

    def find(self, domain_id: int, slug: str) -> Target | None:
        self.lookups += 1
        return self.targets.get((domain_id, slug))


def use(monkeypatch: pytest.MonkeyPatch, database: Database) -> Database:
    monkeypatch.setattr(lookup, "find", database.find)
    return database


def test_a_plain_link_is_looked_up_once_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    database = use(monkeypatch, Database(PLAIN))
    cache = LinkCache()
    assert [cache.find((1, "a")) for _ in range(5)] == [PLAIN] * 5
    assert database.lookups == 1
    monkeypatch.setattr(link_cache, "SECONDS", 0.0)
    cache.clear()
    assert [cache.find((1, "a")) for _ in range(5)] == [PLAIN] * 5
    assert database.lookups == 6


@pytest.mark.parametrize(
    "condition", [{"max_clicks": 3}, {"password_hash": "x"}, {"disabled_at": datetime(2026, 1, 1, tzinfo=UTC)}]
)
def test_a_link_with_a_condition_is_never_kept(monkeypatch: pytest.MonkeyPatch, condition: dict[str, Any]) -> None:
    database = use(monkeypatch, Database(PLAIN._replace(**condition)))
    cache = LinkCache()
    for _ in range(3):
        cache.find((1, "a"))
        cache.find((1, "none such"))
    assert database.lookups == 6


def test_the_end_of_a_kept_link_is_kept_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    end = datetime.now(UTC) + timedelta(milliseconds=100)
    use(monkeypatch, Database(PLAIN._replace(expires_at=end)))
    cache = LinkCache()
    for _ in range(2):
        target = cache.find((1, "a"))
        assert target
        assert target.expires_at == end


def test_a_changed_link_is_looked_up_again_and_others_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    other = PLAIN._replace(slug="b")
    database = use(monkeypatch, Database(PLAIN, other))
    cache = LinkCache()
    cache.find((1, "a"))
    cache.find((1, "b"))
    changed = database.targets[1, "a"] = PLAIN._replace(url="https://b.example/")
    cache.forget([(1, "a")])
    assert (cache.find((1, "a")), cache.find((1, "b"))) == (changed, other)
    assert database.lookups == 3
    cache.forget(None)
    cache.find((1, "b"))
    assert database.lookups == 4


def test_what_was_read_before_a_change_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    cache = LinkCache()
    database = Database(PLAIN)

    def find(domain_id: int, slug: str) -> Target | None:
        target = database.find(domain_id, slug)
        cache.forget([(domain_id, slug)])  # as another thread would, when it hears of a change
        return target

    monkeypatch.setattr(lookup, "find", find)
    cache.find((1, "a"))
    cache.find((1, "a"))
    assert database.lookups == 2


def test_the_memory_of_the_cache_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "find", lambda domain_id, slug: PLAIN._replace(slug=slug))
    cache = LinkCache()
    for number in range(2 * MOST_LINKS + 5):
        cache.find((1, str(number)))
    assert len(cache.links) <= MOST_LINKS
