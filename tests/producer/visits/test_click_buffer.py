"""Clicks on their way out of a web process: folded, bounded, and kept until they are taken."""

from datetime import UTC, datetime
from typing import Any
from unittest.mock import create_autospec

import pytest
from redis.exceptions import ConnectionError as Away

from models.clicks.click_counts import ClickCount
from models.links.lookup import Target
from producer.signals import wakeups
from producer.visits import click_buffer
from producer.visits.click_buffer import ClickBuffer
from producer.visits.visitor import VisitorKind

DESKTOP = VisitorKind(False, "desktop", "DE", "news.example")


class Broker:
    """A list that is away now and then, as no real one can be told to be at the right moment."""

    def __init__(self) -> None:
        self.away, self.lost_answer = False, False
        self.batches: list[bytes] = []
        self.asked: list[bytes] = []
        self.followed = 0

    def pipeline(self) -> "Broker":
        self.asked = []
        return self

    def rpush(self, name: str, batch: bytes) -> None:
        self.asked.append(batch)

    def hincrby(self, name: str, field: str, times: int) -> None:
        self.followed += times

    def execute(self) -> None:
        if self.away:
            raise Away("away")
        self.batches += self.asked
        if self.lost_answer:
            raise Away("the answer was lost")

    def rows(self) -> dict[str, list[ClickCount]]:
        return dict(click_buffer.decode_batch(batch.decode()) for batch in self.batches)


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    made = Broker()
    monkeypatch.setattr("producer.signals.broker.client", lambda: made)
    monkeypatch.setattr(wakeups, "send_task", create_autospec(wakeups.send_task, return_value=True))
    return made


@pytest.fixture
def buffer() -> ClickBuffer:
    made = ClickBuffer()
    made.is_flushing = True  # nobody flushes but the test
    return made


def target(slug: str = "a", **more: Any) -> Target:
    return Target(1, slug, 7, 5, "https://a.b", None, None, None, None, None)._replace(**more)


def total(broker: Broker) -> int:
    return sum(row.times for rows in broker.rows().values() for row in rows)


def test_equal_clicks_are_one_row_and_different_ones_are_not(buffer: ClickBuffer, broker: Broker) -> None:
    for _ in range(3):
        buffer.count(target(), DESKTOP)
    buffer.count(target(), DESKTOP._replace(bot=True))
    buffer.count(target("b", job_id=6), DESKTOP)
    assert buffer.flush()
    (rows,) = broker.rows().values()
    today = datetime.now(UTC).date()
    assert sorted(rows) == [
        ClickCount(1, "a", 7, today, False, "desktop", "DE", "news.example", 5, 3),
        ClickCount(1, "a", 7, today, True, "desktop", "DE", "news.example", 5, 1),
        ClickCount(1, "b", 7, today, False, "desktop", "DE", "news.example", 6, 1),
    ]


def test_nothing_is_sent_when_nothing_was_clicked(buffer: ClickBuffer, broker: Broker) -> None:
    assert not buffer.flush()
    assert broker.batches == []


def test_while_the_broker_is_away_clicks_wait(buffer: ClickBuffer, broker: Broker) -> None:
    broker.away = True
    for slug in "abc":
        buffer.count(target(slug), DESKTOP)
        assert not buffer.flush()
    broker.away = False
    assert buffer.flush()
    buffer.flush()
    assert total(broker) == 3


def test_a_batch_of_which_it_is_not_known_whether_it_arrived_keeps_its_id(buffer: ClickBuffer, broker: Broker) -> None:
    buffer.count(target(), DESKTOP)
    broker.lost_answer = True
    buffer.flush()
    broker.lost_answer = False
    buffer.flush()
    assert len(broker.batches) == 2
    assert len(broker.rows()) == 1


def test_a_batch_has_few_referrers_of_a_link_and_loses_no_click(buffer: ClickBuffer, broker: Broker) -> None:
    for number in range(500):
        buffer.count(target(), DESKTOP._replace(referrer=f"r{number}.example"))
    for _ in range(5):
        buffer.count(target(), DESKTOP._replace(referrer="r499.example"))
    buffer.count(target("b"), DESKTOP)
    buffer.flush()
    (rows,) = broker.rows().values()
    found = {row.referrer: row.times for row in rows if row.slug == "a"}
    assert len(found) == click_buffer.MAX_REFERRERS + 1
    assert (found["r499.example"], found["other"], sum(found.values())) == (6, 480, 505)
    assert {row.referrer for row in rows if row.slug == "b"} == {"news.example"}


def test_a_full_buffer_gives_up_details_first_and_then_says_what_it_lost(
    buffer: ClickBuffer, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(click_buffer, "MAX_KINDS", 10)
    for number in range(100):
        buffer.count(target(), DESKTOP._replace(referrer=f"r{number}.example"))
    assert len(buffer.counts) == 11
    for number in range(20):
        buffer.count(target(f"s{number}"), DESKTOP)
    assert (len(buffer.counts), buffer.lost) == (20, 11)
    buffer.flush()
    assert total(broker) == 109
    assert buffer.lost == 0


def test_large_batches_are_cut(buffer: ClickBuffer, broker: Broker) -> None:
    for number in range(click_buffer.BATCH_ROWS + 1):
        buffer.count(target(f"s{number}"), DESKTOP)
    buffer.flush()
    assert [len(rows) for rows in broker.rows().values()] == [click_buffer.BATCH_ROWS, 1]
    assert broker.followed == click_buffer.BATCH_ROWS + 1
