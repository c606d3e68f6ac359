"""What we use of Celery's private parts, in the version that it was written for."""

import inspect
import json
from importlib.metadata import version
from queue import Empty
from types import SimpleNamespace
from typing import Any
from unittest.mock import create_autospec

import kombu
import pytest
from celery.worker import state
from celery.worker.consumer import Consumer
from kombu.transport import redis

from workers import celery_internals
from workers.celery_internals import FLUSH_SECONDS, SafeChannel, SafeConsumer

MADE_FOR = "5.7"

connect: Any = kombu.Connection  # type: ignore[attr-defined]


class Hub:
    """The event loop of a node, which remembers what it was asked to call later."""

    def __init__(self) -> None:
        self.calls: list[tuple[float, Any]] = []

    def call_later(self, seconds: float, call: Any) -> None:
        self.calls.append((seconds, call))


@pytest.fixture
def consumer() -> SafeConsumer:
    consumer = SafeConsumer.__new__(SafeConsumer)
    consumer.hub = Hub()
    return consumer


def test_this_is_the_version_of_celery_that_they_were_read_in() -> None:
    assert version("celery").startswith(MADE_FOR), "read workers/celery_internals.py again, then change this version"


def test_celery_still_has_what_we_override_and_call() -> None:
    assert callable(Consumer.on_send_event_buffered)
    assert callable(Consumer._flush_events)
    assert callable(Consumer.create_task_handler)
    assert callable(Consumer.ensure_connected)
    assert "amqheartbeat" in inspect.getsource(Consumer.connect)
    assert callable(redis.Channel._brpop_read)


def test_many_events_at_once_are_sent_once(consumer: SafeConsumer) -> None:
    for _ in range(100):
        consumer.on_send_event_buffered()
    assert consumer.hub.calls == [(FLUSH_SECONDS, consumer._flush_events)]


@pytest.mark.parametrize(
    ("url", "timeouts"), [("amqp://host//", celery_internals.AMQP_TIMEOUTS), ("redis://host/0", {"read_timeout": None})]
)
def test_a_node_connects_again_every_second_and_waits_for_answers(
    consumer: SafeConsumer, monkeypatch: pytest.MonkeyPatch, url: str, timeouts: dict[str, Any]
) -> None:
    monkeypatch.setattr(Consumer, "ensure_connected", lambda self, connection: connection)
    options = {"read_timeout": 0.7} if url.startswith("amqp") else {}
    connection = consumer.ensure_connected(connect(url, transport_options=options))
    waits = connection.ensure_connection.keywords
    assert {waits["interval_start"], waits["interval_max"]} == {celery_internals.RECONNECT_SECONDS}
    assert {name: connection.transport_options.get(name) for name in timeouts} == timeouts


def test_a_lost_timer_does_not_silence_the_node(consumer: SafeConsumer, monkeypatch: pytest.MonkeyPatch) -> None:
    consumer.on_send_event_buffered()
    later = consumer.next_flush + 0.01
    monkeypatch.setattr(celery_internals, "time", SimpleNamespace(monotonic=lambda: later))
    consumer.on_send_event_buffered()
    assert len(consumer.hub.calls) == 2


@pytest.mark.parametrize("error", [ValueError("expected 3, got 2"), KeyError("args"), TypeError("an int")])
def test_a_message_of_another_shape_is_acknowledged_and_does_not_end_the_node(
    consumer: SafeConsumer, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    refused: list[Any] = []
    monkeypatch.setattr(
        Consumer, "create_task_handler", lambda self: create_autospec(lambda message: None, side_effect=error)
    )
    monkeypatch.setattr(consumer, "on_decode_error", lambda message, error: refused.append((message, error)))
    consumer.create_task_handler()("a message")
    assert refused == [("a message", error)]


def test_an_error_of_the_connection_is_not_taken_for_one_of_the_message(
    consumer: SafeConsumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = create_autospec(lambda message: None, side_effect=ConnectionError)
    monkeypatch.setattr(Consumer, "create_task_handler", lambda self: lost)
    with pytest.raises(ConnectionError):
        consumer.create_task_handler()("a message")


def test_what_is_no_message_at_all_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    assert redis.Transport.Channel is SafeChannel
    channel = SafeChannel.__new__(SafeChannel)
    monkeypatch.setattr(redis.Channel, "_brpop_read", lambda self: json.loads("{not a message"))
    with pytest.raises(Empty):
        channel._brpop_read()


def test_a_node_is_busy_while_it_has_a_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "reserved_requests", set())
    assert not celery_internals.is_node_busy()
    monkeypatch.setattr(state, "reserved_requests", {"a request"})
    assert celery_internals.is_node_busy()
