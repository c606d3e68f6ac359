"""Beat sends the sweep every few seconds, by a clock that nobody can set, and never many of them."""

import time
from collections.abc import Iterator
from itertools import count

import pytest
from celery.beat import ScheduleEntry, Scheduler

import celeryconfig
from producer.signals import wakeups
from tests.fixtures.fake_redis import FakeRedis
from workers.app import app
from workers.beat import MOST_WAITING, SweepScheduler

TICKS = 20


@pytest.fixture
def scheduler(monkeypatch: pytest.MonkeyPatch, fake_redis: FakeRedis) -> SweepScheduler:
    """A scheduler whose clock goes on by one second each time that it is read."""
    clock: Iterator[float] = count(1000.0, celeryconfig.SWEEP_SECONDS / 2)

    def send(_: Scheduler, entry: ScheduleEntry, producer: object = None) -> None:
        fake_redis.client.rpush(wakeups.SWEEP, entry.name)

    monkeypatch.setattr(Scheduler, "apply_entry", send)
    monkeypatch.setattr(Scheduler, "producer", None)
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    assert app.conf.beat_scheduler == "workers.beat:SweepScheduler"
    return SweepScheduler(app)


def test_the_sweep_is_sent_as_a_clock_says_that_is_never_put_back(
    scheduler: SweepScheduler, fake_redis: FakeRedis
) -> None:
    sweeps = 0
    for _ in range(TICKS):
        scheduler.tick()
        sweeps += fake_redis.client.lpop(wakeups.SWEEP) is not None
    assert sweeps > MOST_WAITING


def test_few_sweeps_wait_however_long_nobody_takes_them(scheduler: SweepScheduler, fake_redis: FakeRedis) -> None:
    for _ in range(TICKS):
        scheduler.tick()
    assert fake_redis.client.llen(wakeups.SWEEP) == MOST_WAITING


def test_a_broker_that_is_away_does_not_end_beat(scheduler: SweepScheduler, fake_redis: FakeRedis) -> None:
    fake_redis.server.connected = False
    sent: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Scheduler, "apply_entry", lambda _, entry, producer=None: sent.append(entry.name))
        for _ in range(TICKS):
            scheduler.tick()
    assert sent
