"""Clicks on their way out of a web process: summed, bounded, and kept until the broker has them."""

from datetime import UTC, datetime
from typing import Any
from unittest.mock import Mock, create_autospec

import pytest
from redis.client import Pipeline
from redis.exceptions import ConnectionError

from models.clicks.click_counts import ClickCount
from models.links.lookup import Target
from producer.signals import counters, wakeups
from producer.visits import click_buffer
from producer.visits.click_buffer import BATCHES_KEY, ClickBuffer
from producer.visits.visitor import VisitorKind
from tests.fixtures.fake_redis import FakeRedis

DESKTOP = VisitorKind(False, "desktop", "DE", "news.example")


@pytest.fixture(autouse=True)
def send_task(fake_redis: FakeRedis, monkeypatch: pytest.MonkeyPatch) -> Mock:
    """Record the tasks that are sent."""
    send_task: Mock = create_autospec(wakeups.send_task, return_value=True)
    monkeypatch.setattr(wakeups, "send_task", send_task)
    return send_task


@pytest.fixture
def buffer() -> ClickBuffer:
    buffer = ClickBuffer()
    buffer.is_flushing = True  # only the test flushes it
    return buffer


def target(slug: str = "a", **values: Any) -> Target:
    return Target(1, slug, 7, 5, "https://a.b", None, None, None, None, None)._replace(**values)


def payloads(fake_redis: FakeRedis) -> list[str]:
    payloads: Any = fake_redis.client.lrange(BATCHES_KEY, 0, -1)
    return list(payloads)


def rows_by_batch(fake_redis: FakeRedis) -> dict[str, list[ClickCount]]:
    """The rows by the id of their batch: a batch that was sent twice is there once, as for the database."""
    return dict(click_buffer.decode_batch(payload) for payload in payloads(fake_redis))


def clicks(fake_redis: FakeRedis) -> int:
    return sum(row.times for rows in rows_by_batch(fake_redis).values() for row in rows)


def test_equal_clicks_are_one_row_and_different_ones_are_not(buffer: ClickBuffer, fake_redis: FakeRedis) -> None:
    for _ in range(3):
        buffer.count(target(), DESKTOP)
    buffer.count(target(), DESKTOP._replace(bot=True))
    buffer.count(target("b", job_id=6), DESKTOP)
    assert buffer.flush()
    (rows,) = rows_by_batch(fake_redis).values()
    today = datetime.now(UTC).date()
    assert sorted(rows) == [
        ClickCount(1, "a", 7, today, False, "desktop", "DE", "news.example", 5, 3),
        ClickCount(1, "a", 7, today, True, "desktop", "DE", "news.example", 5, 1),
        ClickCount(1, "b", 7, today, False, "desktop", "DE", "news.example", 6, 1),
    ]


def test_a_flush_wakes_a_worker_that_writes_the_clicks(buffer: ClickBuffer, send_task: Mock) -> None:
    buffer.count(target(), DESKTOP)
    buffer.flush()
    send_task.assert_called_once_with("clicks", wakeups.SWEEP, expires=click_buffer.WAKE_UP_EXPIRES)


def test_nothing_is_sent_when_nothing_was_clicked(buffer: ClickBuffer, fake_redis: FakeRedis, send_task: Mock) -> None:
    assert not buffer.flush()
    assert payloads(fake_redis) == []
    send_task.assert_not_called()


def test_while_the_broker_is_away_clicks_wait(buffer: ClickBuffer, fake_redis: FakeRedis) -> None:
    with fake_redis.away():
        for slug in "abc":
            buffer.count(target(slug), DESKTOP)
            assert not buffer.flush()
    assert buffer.flush()
    buffer.flush()
    assert clicks(fake_redis) == 3


def test_a_batch_that_may_have_arrived_is_sent_again_under_its_id(
    buffer: ClickBuffer, fake_redis: FakeRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    execute = Pipeline.execute

    def lose_the_answer(pipeline: Any, raise_on_error: bool = True) -> list[Any]:
        execute(pipeline, raise_on_error)
        raise ConnectionError("the answer was lost")

    buffer.count(target(), DESKTOP)
    with monkeypatch.context() as patch:
        patch.setattr(Pipeline, "execute", lose_the_answer)
        assert not buffer.flush()
    assert buffer.flush()
    assert len(payloads(fake_redis)) == 2
    assert clicks(fake_redis) == 1


def test_a_batch_has_few_referrers_of_a_link_and_loses_no_click(buffer: ClickBuffer, fake_redis: FakeRedis) -> None:
    for number in range(500):
        buffer.count(target(), DESKTOP._replace(referrer=f"r{number}.example"))
    for _ in range(5):
        buffer.count(target(), DESKTOP._replace(referrer="r499.example"))
    buffer.count(target("b"), DESKTOP)
    buffer.flush()
    (rows,) = rows_by_batch(fake_redis).values()
    times = {row.referrer: row.times for row in rows if row.slug == "a"}
    assert len(times) == click_buffer.MAX_REFERRERS + 1
    assert (times["r499.example"], times["other"], sum(times.values())) == (6, 480, 505)
    assert {row.referrer for row in rows if row.slug == "b"} == {"news.example"}


def test_a_full_buffer_drops_details_first_and_then_counts_what_it_loses(
    buffer: ClickBuffer, fake_redis: FakeRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(click_buffer, "MAX_KINDS", 10)
    for number in range(100):
        buffer.count(target(), DESKTOP._replace(referrer=f"r{number}.example"))
    assert len(buffer.counts) == 11
    for number in range(20):
        buffer.count(target(f"s{number}"), DESKTOP)
    assert (len(buffer.counts), buffer.lost) == (20, 11)
    buffer.flush()
    assert clicks(fake_redis) == 109
    assert buffer.lost == 0


def test_large_batches_are_cut(buffer: ClickBuffer, fake_redis: FakeRedis) -> None:
    for number in range(click_buffer.BATCH_ROWS + 1):
        buffer.count(target(f"s{number}"), DESKTOP)
    buffer.flush()
    assert [len(rows) for rows in rows_by_batch(fake_redis).values()] == [click_buffer.BATCH_ROWS, 1]
    assert counters.read() == {(counters.REDIRECTS,): click_buffer.BATCH_ROWS + 1}


def test_batches_are_written_in_order_and_leave_once_they_are_written(
    buffer: ClickBuffer, fake_redis: FakeRedis
) -> None:
    for slug in "ab":
        buffer.count(target(slug), DESKTOP)
        buffer.flush()
    assert click_buffer.batch_count() == 2
    for slug in "ab":
        payload = click_buffer.oldest_batch()
        assert payload
        assert [row.slug for row in click_buffer.decode_batch(payload)[1]] == [slug]
        click_buffer.remove_batch(payload)
    assert click_buffer.oldest_batch() is None
