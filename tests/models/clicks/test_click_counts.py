"""Click counts: added up by link, day and kind, and read as totals and charts."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

from models import store
from models.accounts.keys import Owner
from models.clicks import click_counts, click_limits
from models.clicks.click_counts import ClickCount
from models.link_key import LinkKey

TODAY = datetime.now(UTC).date()
A = LinkKey(1, "a", 7)
B = LinkKey(1, "b", 7)
LATER_A = LinkKey(1, "a", 8)  # another link that got the slug of A


def clicked(slug: str = "a", times: int = 1, **more: Any) -> ClickCount:
    return ClickCount(1, slug, 7, TODAY, False, "desktop", "", "", 5, times)._replace(**more)


def add(*rows: ClickCount) -> None:
    with store.write() as db:
        click_counts.add(db, rows)


def test_counts_add_up_over_batches_and_within_one(owner: Owner) -> None:
    add(clicked(times=2), clicked(times=3), clicked("b"))
    add(clicked(times=4))
    add()
    with store.read() as db:
        assert click_counts.totals(db, [A, B, LinkKey(1, "c", 7), LATER_A]) == {
            A: 9,
            B: 1,
        }
        assert click_counts.totals(db, []) == {}


def test_the_clicks_of_a_link_are_counted_by_day_referrer_device_and_country_without_bots(owner: Owner) -> None:
    yesterday = TODAY - timedelta(days=1)
    long_ago = TODAY - timedelta(days=400)
    add(
        clicked(times=5, referrer="news.example", country="DE"),
        clicked(times=2, device="mobile", day=yesterday),
        clicked(times=1, day=long_ago),
        clicked(times=9, bot=True, device="bot", referrer="bots.example"),
        clicked(times=3, generation=8),
        clicked("A", times=3),
        clicked(times=3, domain_id=2),
    )
    with store.read() as db:
        clicks = click_counts.of_link(db, A)
    assert (clicks.total, clicks.bots) == (8, 9)
    assert clicks.days == [(yesterday, 2), (TODAY, 5)]
    assert clicks.referrers == [("news.example", 5), ("", 3)]
    assert clicks.devices == [("desktop", 6), ("mobile", 2)]
    assert clicks.countries == [("DE", 5), ("", 3)]


def test_only_the_most_frequent_referrers_are_listed(owner: Owner) -> None:
    add(*(clicked(times=number + 1, referrer=f"r{number}.example") for number in range(60)))
    with store.read() as db:
        clicks = click_counts.of_link(db, A)
    assert (len(clicks.referrers), clicks.referrers[0]) == (click_counts.MOST_LISTED, ("r59.example", 60))
    assert clicks.total == 60 * 61 // 2


def test_a_link_without_clicks_has_none(owner: Owner) -> None:
    with store.read() as db:
        assert click_counts.of_link(db, A) == (0, 0, [], [], [], [])
        assert click_counts.of_job(db, 5) == (0, [], [], [], [])


def test_the_clicks_of_a_job_are_those_of_all_its_links(owner: Owner) -> None:
    add(clicked(times=2), clicked("b", times=3), clicked("c", times=4, job_id=6), clicked(times=9, bot=True))
    with store.read() as db:
        assert click_counts.of_job(db, 5)[:2] == (5, [(TODAY, 5)])


def test_clicks_are_counted_from_a_day_on(owner: Owner) -> None:
    yesterday = TODAY - timedelta(days=1)
    add(clicked(times=2, referrer="a.example"), clicked(times=3, day=yesterday, referrer="b.example"))
    with store.read() as db:
        for counted in (click_counts.of_link(db, A, TODAY), click_counts.of_job(db, 5, TODAY)):
            assert (counted.total, counted.referrers) == (2, [("a.example", 2)])


def test_a_job_keeps_the_clicks_of_a_link_that_is_removed(owner: Owner) -> None:
    add(clicked(times=2), clicked("b", times=3), clicked(generation=8), clicked(times=9, bot=True))
    with store.write() as db:
        click_counts.remove(db, A)
    with store.read() as db:
        assert click_counts.of_job(db, 5)[:2] == (6, [(TODAY, 6)])


def test_a_removed_link_leaves_no_counts_and_others_stay(owner: Owner) -> None:
    add(clicked(), clicked("b"), clicked(generation=8))
    with store.write() as db:
        click_limits.take(db, A, 5)
        click_limits.take(db, B, 5)
        click_counts.remove(db, A)
    with store.read() as db:
        assert set(click_counts.totals(db, [A, B, LATER_A])) == {
            B,
            LATER_A,
        }
        assert (click_limits.count(db, A), click_limits.count(db, B)) == (0, 1)


def test_writers_of_the_same_links_neither_deadlock_nor_lose_a_click(owner: Owner) -> None:
    slugs = [f"s{number}" for number in range(300)]
    with ThreadPoolExecutor(6) as pool:
        orders = [slugs[turn:] + slugs[:turn] for turn in range(0, 300, 25)]
        list(pool.map(lambda order: add(*map(clicked, order)), orders))
    with store.read() as db:
        assert set(click_counts.totals(db, [LinkKey(1, slug, 7) for slug in slugs]).values()) == {len(orders)}


def test_a_batch_is_new_once_and_removed_only_when_it_is_old(owner: Owner) -> None:
    with store.write() as db:
        assert click_counts.record_batch(db, "x")
        assert not click_counts.record_batch(db, "x")
        assert not click_counts.has_old_batches(db, 60)
        click_counts.remove_old_batches(db, 60)
        assert not click_counts.record_batch(db, "x")
        assert click_counts.has_old_batches(db, -1)
        click_counts.remove_old_batches(db, -1)
        assert click_counts.record_batch(db, "x")


def test_a_day_is_read_as_a_date(owner: Owner) -> None:
    add(clicked(day=TODAY))
    with store.read() as db:
        assert isinstance(click_counts.of_link(db, A).days[0][0], date)
