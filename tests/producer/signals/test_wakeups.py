"""Wake-ups: which messages are sent, and what happens without a broker."""

from collections.abc import Iterator
from typing import Any
from unittest.mock import create_autospec

import pytest
from celery import Celery
from kombu.exceptions import OperationalError

from models import process_caches
from producer.signals import celery_app, wakeups
from producer.signals.wakeups import BULK, INTERACTIVE, WakeUp
from producer.telemetry import logs


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Iterator[Celery]:
    """The application of this process, with queues in memory."""
    process_caches.reset_all()
    app = celery_app.app()
    app.conf.broker_url = "memory://"
    yield app
    process_caches.reset_all()


def messages(app: Celery, queue: str) -> list[Any]:
    with app.connection_for_read() as connection:
        channel = connection.default_channel
        received = []
        while message := channel.basic_get(queue, no_ack=True):
            received.append(message)
        return received


def test_a_worker_is_woken_for_each_shard(app: Celery) -> None:
    wakeups.wake_workers([WakeUp("create", BULK, 12, 0, 5000), WakeUp("create", BULK, 12, 5000, 70)])
    wake_ups = messages(app, BULK)
    assert [message.headers["task"] for message in wake_ups] == ["create", "create"]
    arguments = [message.decode()[1] for message in wake_ups]
    assert arguments == [
        {"job": "12", "shard": 0, "rows": 5000},
        {"job": "12", "shard": 5000, "rows": 70},
    ]


def test_each_shard_is_announced_in_its_own_queue(app: Celery) -> None:
    wakeups.wake_workers([WakeUp("split", BULK, 1, -1, 0), WakeUp("create", INTERACTIVE, 2, 0, 1)])
    assert [message.headers["task"] for message in messages(app, BULK)] == ["split"]
    assert [message.headers["task"] for message in messages(app, INTERACTIVE)] == ["create"]


def test_a_task_carries_the_request_that_it_is_about(app: Celery) -> None:
    logs.bind_context(request_id="order-77", job="12")
    try:
        wakeups.send_task("titles", wakeups.TITLES)
    finally:
        logs.bind_context()
    (message,) = messages(app, wakeups.TITLES)
    assert message.headers["request_id"] == "order-77"
    assert "job" not in message.headers


def test_a_message_can_expire(app: Celery) -> None:
    wakeups.send_task("clicks", wakeups.SWEEP, expires=10.0)
    (message,) = messages(app, wakeups.SWEEP)
    assert message.headers["expires"]


def test_without_a_broker_only_the_first_message_is_tried(app: Celery, monkeypatch: pytest.MonkeyPatch) -> None:
    send = create_autospec(app.send_task, side_effect=OperationalError)
    monkeypatch.setattr(app, "send_task", send)
    assert not wakeups.send_task("titles", wakeups.TITLES)
    send.reset_mock()
    wakeups.wake_workers([WakeUp("create", BULK, 12, first, 10) for first in range(5)])
    assert send.call_count == 1


def test_small_jobs_have_a_queue_of_their_own() -> None:
    assert wakeups.queue_for(wakeups.INTERACTIVE_ROWS) == INTERACTIVE
    assert wakeups.queue_for(wakeups.INTERACTIVE_ROWS + 1) == BULK


def test_the_number_of_wake_ups_follows_the_number_of_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKERS", "3")
    process_caches.reset_all()
    assert wakeups.max_wake_ups() == 3 * wakeups.WAKE_UPS_PER_WORKER
    process_caches.reset_all()
