"""Click counts: added up by link, day and kind, and read as totals and charts."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from models import store
from models.accounts.keys import Owner
from models.clicks import click_counts, click_limits, click_totals, workspace_clicks
from models.clicks.click_counts import ClickCount
from models.jobs.jobs import Job
from models.link_key import LinkKey
from tests.models.jobs.making import make_job
from tests.models.links.new_links import GENERATION, add_link

TODAY = datetime.now(UTC).date()
A = LinkKey(1, "a", 7)
B = LinkKey(1, "b", 7)
LATER_A = LinkKey(1, "a", 8)  # another link that got the slug of A


def clicked(slug: str = "a", times: int = 1, **more: Any) -> ClickCount:
    return ClickCount(1, slug, 7, TODAY, False, "desktop", "", "", 5, times)._replace(**more)


@pytest.fixture
def job(owner: Owner) -> Job:
    return make_job(owner)


def clicked_of(job: Job, slug: str = "a", times: int = 1, **more: Any) -> ClickCount:
    return clicked(slug, times, **{"job_id": job.id} | more)


def add(*rows: ClickCount) -> None:
    with store.write() as db:
        click_counts.add(db, rows)


def totals(*keys: LinkKey) -> dict[LinkKey, int]:
    with store.read() as db:
        return click_totals.totals(db, keys)


def by_day(owner: Owner) -> list[tuple[date, int]]:
    with store.read() as db:
        return workspace_clicks.by_day(db, owner.workspace_id, date.min)


def test_counts_add_up_over_batches_and_within_one(owner: Owner, job: Job) -> None:
    add(clicked_of(job, times=2), clicked_of(job, times=3), clicked_of(job, "b"))
    add(clicked_of(job, times=4), clicked_of(job, times=50, bot=True))
    add()
    assert totals(A, B, LinkKey(1, "c", 7), LATER_A) == {A: 9, B: 1}
    assert totals() == {}
    with store.read() as db:
        assert click_counts.of_link(db, A)[:2] == (9, 50)
    assert by_day(owner) == [(TODAY, 10)]


def test_the_clicks_of_a_link_are_counted_by_day_referrer_device_and_country_without_bots(
    owner: Owner, job: Job
) -> None:
    yesterday = TODAY - timedelta(days=1)
    long_ago = TODAY - timedelta(days=400)
    add(
        clicked_of(job, times=5, referrer="news.example", country="DE"),
        clicked_of(job, times=2, device="mobile", day=yesterday),
        clicked_of(job, times=1, day=long_ago),
        clicked_of(job, times=9, bot=True, device="bot", referrer="bots.example"),
        clicked_of(job, times=3, generation=8),
        clicked_of(job, "A", times=3),
        clicked_of(job, times=3, domain_id=2),
    )
    with store.read() as db:
        clicks = click_counts.of_link(db, A)
    assert (clicks.total, clicks.bots) == (8, 9)
    assert clicks.days == [(yesterday, 2), (TODAY, 5)]
    assert clicks.referrers == [("news.example", 5), ("", 3)]
    assert clicks.devices == [("desktop", 6), ("mobile", 2)]
    assert clicks.countries == [("DE", 5), ("", 3)]


def test_only_the_most_frequent_referrers_are_listed(owner: Owner, job: Job) -> None:
    add(*(clicked_of(job, times=number + 1, referrer=f"r{number}.example") for number in range(60)))
    with store.read() as db:
        clicks = click_counts.of_link(db, A)
    assert (len(clicks.referrers), clicks.referrers[0]) == (click_counts.MOST_LISTED, ("r59.example", 60))
    assert clicks.total == 60 * 61 // 2


def test_a_link_without_clicks_has_none(owner: Owner) -> None:
    with store.read() as db:
        assert click_counts.of_link(db, A) == (0, 0, [], [], [], [])
        assert click_counts.of_job(db, 5) == (0, [], [], [], [])


def test_the_clicks_of_a_job_are_those_of_all_its_links(owner: Owner, job: Job) -> None:
    add(clicked_of(job, times=2), clicked_of(job, "b", times=3), clicked("c", times=4), clicked_of(job, bot=True))
    with store.read() as db:
        assert click_counts.of_job(db, job.id)[:2] == (5, [(TODAY, 5)])


def test_clicks_that_come_after_their_link_and_its_job_are_gone_leave_no_row(owner: Owner, job: Job) -> None:
    add(clicked("c"), clicked("c", bot=True), clicked_of(job))
    with store.read() as db:
        assert click_counts.of_link(db, LinkKey(1, "c", 7)) == (0, 0, [], [], [], [])
        assert click_counts.of_link(db, A).total == 1


def test_shares_are_those_from_a_day_on_and_the_rest_is_as_ever(owner: Owner, job: Job) -> None:
    yesterday = TODAY - timedelta(days=1)
    add(clicked_of(job, times=2, referrer="a.example"), clicked_of(job, times=3, day=yesterday, referrer="b.example"))
    with store.read() as db:
        for counted in (click_counts.of_link(db, A, TODAY), click_counts.of_job(db, job.id, TODAY)):
            assert (counted.total, counted.days) == (5, [(yesterday, 3), (TODAY, 2)])
            assert (counted.referrers, counted.devices) == ([("a.example", 2)], [("desktop", 2)])


def test_a_job_and_its_workspace_keep_the_clicks_of_a_link_that_is_removed(owner: Owner, job: Job) -> None:
    add(clicked_of(job, times=2), clicked_of(job, "b", times=3), clicked_of(job, generation=8))
    with store.write() as db:
        click_counts.remove(db, A)
    with store.read() as db:
        assert click_counts.of_job(db, job.id)[:2] == (6, [(TODAY, 6)])
    assert by_day(owner) == [(TODAY, 6)]


def test_a_removed_link_leaves_no_counts_and_others_stay(owner: Owner, job: Job) -> None:
    add(clicked_of(job), clicked_of(job, "b"), clicked_of(job, generation=8))
    with store.write() as db:
        click_limits.take(db, A, 5)
        click_limits.take(db, B, 5)
        click_counts.remove(db, A)
    assert set(totals(A, B, LATER_A)) == {B, LATER_A}
    with store.read() as db:
        assert click_counts.of_link(db, A).total == 0
        assert (click_limits.count(db, A), click_limits.count(db, B)) == (0, 1)


def test_clicks_of_links_whose_job_was_deleted_count_for_their_workspace(owner: Owner) -> None:
    link = add_link(owner, "a", opening_clicks=30)
    gone = clicked("gone", domain_id=link.domain_id, job_id=6)  # its link was deleted too, so nobody knows whose it was
    add(clicked("a", times=4, domain_id=link.domain_id, generation=GENERATION, job_id=link.job_id), gone)
    assert totals(link.key) == {link.key: 34}
    assert by_day(owner) == [(TODAY, 4)]
    with store.read() as db:
        assert click_counts.of_job(db, link.job_id).total == 0


def test_writers_of_the_same_links_neither_deadlock_nor_lose_a_click(owner: Owner, job: Job) -> None:
    slugs = [f"s{number}" for number in range(300)]
    with ThreadPoolExecutor(6) as pool:
        orders = [slugs[turn:] + slugs[:turn] for turn in range(0, 300, 25)]
        list(pool.map(lambda order: add(*(clicked_of(job, slug) for slug in order)), orders))
    keys = [LinkKey(1, slug, 7) for slug in slugs]
    assert totals(*keys) == dict.fromkeys(keys, len(orders))
    assert by_day(owner) == [(TODAY, 300 * len(orders))]


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


def test_a_day_is_read_as_a_date(owner: Owner, job: Job) -> None:
    add(clicked_of(job, day=TODAY))
    with store.read() as db:
        assert isinstance(click_counts.of_link(db, A).days[0][0], date)
