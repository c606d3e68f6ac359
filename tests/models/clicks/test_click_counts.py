"""Clicks and uses, as the database counts them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

from models import store
from models.accounts.keys import Owner
from models.clicks import click_counts, click_limits
from models.clicks.click_counts import ClickCount
from models.link_key import LinkKey

TODAY = datetime.now(UTC).date()


def counted(slug: str = "a", count: int = 1, **more: Any) -> ClickCount:
    return ClickCount(1, slug, 7, TODAY, False, "desktop", "", "", 5, count)._replace(**more)


def add(*rows: ClickCount) -> None:
    with store.write() as db:
        click_counts.add(db, rows)


def test_counts_add_up_over_batches_and_within_one(owner: Owner) -> None:
    add(counted(count=2), counted(count=3), counted("b"))
    add(counted(count=4))
    add()
    with store.read() as db:
        assert click_counts.totals(
            db, [LinkKey(1, "a", 7), LinkKey(1, "b", 7), LinkKey(1, "c", 7), LinkKey(1, "a", 8)]
        ) == {
            LinkKey(1, "a", 7): 9,
            LinkKey(1, "b", 7): 1,
        }
        assert click_counts.totals(db, []) == {}


def test_a_links_clicks_are_told_by_day_referrer_device_and_country_and_bots_apart(owner: Owner) -> None:
    yesterday, long_ago = TODAY - timedelta(days=1), TODAY - timedelta(days=400)
    add(
        counted(count=5, referrer="news.example", country="DE"),
        counted(count=2, device="mobile", day=yesterday),
        counted(count=1, day=long_ago),
        counted(count=9, bot=True, device="bot", referrer="bots.example"),
        counted(count=3, generation=8),
        counted("A", count=3),
        counted(count=3, domain_id=2),
    )
    with store.read() as db:
        found = click_counts.of_link(db, LinkKey(1, "a", 7))
    assert (found.total, found.bots) == (8, 9)
    assert found.days == [(yesterday, 2), (TODAY, 5)]
    assert found.referrers == [("news.example", 5), ("", 3)]
    assert found.devices == [("desktop", 6), ("mobile", 2)]
    assert found.countries == [("DE", 5), ("", 3)]


def test_only_the_commonest_referrers_are_listed(owner: Owner) -> None:
    add(*(counted(count=number + 1, referrer=f"r{number}.example") for number in range(60)))
    with store.read() as db:
        found = click_counts.of_link(db, LinkKey(1, "a", 7))
    assert (len(found.referrers), found.referrers[0]) == (click_counts.MOST_LISTED, ("r59.example", 60))
    assert found.total == 60 * 61 // 2


def test_a_link_without_clicks_has_none(owner: Owner) -> None:
    with store.read() as db:
        assert click_counts.of_link(db, LinkKey(1, "a", 7)) == (0, 0, [], [], [], [])
        assert click_counts.of_job(db, 5) == (0, [])


def test_a_jobs_clicks_are_one_figure_over_all_its_links(owner: Owner) -> None:
    add(counted(count=2), counted("b", count=3), counted("c", count=4, job_id=6), counted(count=9, bot=True))
    with store.read() as db:
        assert click_counts.of_job(db, 5) == (5, [(TODAY, 5)])


def test_a_link_that_is_forgotten_leaves_nothing_and_others_stay(owner: Owner) -> None:
    add(counted(), counted("b"), counted(generation=8))
    with store.write() as db:
        click_limits.take(db, LinkKey(1, "a", 7), 5)
        click_limits.take(db, LinkKey(1, "b", 7), 5)
        click_counts.remove(db, LinkKey(1, "a", 7))
    with store.read() as db:
        assert set(click_counts.totals(db, [LinkKey(1, "a", 7), LinkKey(1, "b", 7), LinkKey(1, "a", 8)])) == {
            LinkKey(1, "b", 7),
            LinkKey(1, "a", 8),
        }
        assert (click_limits.count(db, LinkKey(1, "a", 7)), click_limits.count(db, LinkKey(1, "b", 7))) == (0, 1)


def test_many_who_add_the_same_links_at_once_neither_deadlock_nor_lose_a_click(owner: Owner) -> None:
    slugs = [f"s{number}" for number in range(300)]
    with ThreadPoolExecutor(6) as pool:
        orders = [slugs[turn:] + slugs[:turn] for turn in range(0, 300, 25)]
        list(pool.map(lambda order: add(*map(counted, order)), orders))
    with store.read() as db:
        assert set(click_counts.totals(db, [LinkKey(1, slug, 7) for slug in slugs]).values()) == {len(orders)}


def test_a_batch_is_new_only_once_and_forgotten_only_later(owner: Owner) -> None:
    with store.write() as db:
        assert click_counts.record_batch(db, "x")
        assert not click_counts.record_batch(db, "x")
        assert not click_counts.has_old_batches(db, 60)
        click_counts.remove_old_batches(db, 60)
        assert not click_counts.record_batch(db, "x")
        assert click_counts.has_old_batches(db, -1)
        click_counts.remove_old_batches(db, -1)
        assert click_counts.record_batch(db, "x")


def test_a_day_comes_back_as_a_day(owner: Owner) -> None:
    add(counted(day=TODAY))
    with store.read() as db:
        assert isinstance(click_counts.of_link(db, LinkKey(1, "a", 7)).days[0][0], date)


def test_exactly_so_many_uses_are_had_however_many_ask_at_once(owner: Owner) -> None:
    def take(_: int) -> bool:
        with store.write() as db:
            return click_limits.take(db, LinkKey(1, "a", 7), 40)

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(take, range(100))) == 40
    with store.write() as db:
        assert click_limits.count(db, LinkKey(1, "a", 7)) == 40
        assert click_limits.take(db, LinkKey(1, "a", 8), 1), "another link that has the slug now"
        assert click_limits.take(db, LinkKey(1, "a", 7), 41), "a limit that was raised"
