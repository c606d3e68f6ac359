"""What we use of Celery's private parts, in the version that it was written for."""

from importlib.metadata import version
from types import SimpleNamespace
from typing import Any

import pytest
from celery.worker import state
from celery.worker.consumer import Consumer

from workers import celery_internals
from workers.celery_internals import FLUSH_SECONDS, BatchingConsumer

MADE_FOR = "5.7"


class Hub:
    """The event loop of a node, which remembers what it was asked to call later."""

    def __init__(self) -> None:
        self.calls: list[tuple[float, Any]] = []

    def call_later(self, seconds: float, call: Any) -> None:
        self.calls.append((seconds, call))


@pytest.fixture
def consumer() -> BatchingConsumer:
    consumer = BatchingConsumer.__new__(BatchingConsumer)
    consumer.hub = Hub()
    return consumer


def test_this_is_the_version_of_celery_that_they_were_read_in() -> None:
    assert version("celery").startswith(MADE_FOR), "read workers/celery_internals.py again, then change this version"


def test_celery_still_has_what_we_override_and_call() -> None:
    assert callable(Consumer.on_send_event_buffered)
    assert callable(Consumer._flush_events)


def test_many_events_at_once_are_sent_once(consumer: BatchingConsumer) -> None:
    for _ in range(100):
        consumer.on_send_event_buffered()
    assert consumer.hub.calls == [(FLUSH_SECONDS, consumer._flush_events)]


def test_a_lost_timer_does_not_silence_the_node(consumer: BatchingConsumer, monkeypatch: pytest.MonkeyPatch) -> None:
    consumer.on_send_event_buffered()
    later = consumer.next_flush + 0.01
    monkeypatch.setattr(celery_internals, "time", SimpleNamespace(monotonic=lambda: later))
    consumer.on_send_event_buffered()
    assert len(consumer.hub.calls) == 2


def test_a_node_is_busy_while_it_has_a_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "reserved_requests", set())
    assert not celery_internals.is_node_busy()
    monkeypatch.setattr(state, "reserved_requests", {"a request"})
    assert celery_internals.is_node_busy()
