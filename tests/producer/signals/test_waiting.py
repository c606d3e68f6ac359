"""Waiting for a job's end beside a real broker: who looks how often, and who tells whom."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
import redis

from producer.signals import waiting
from tests import faults
from tests.system import System
from tests.waiting import wait_until

pytestmark = pytest.mark.parametrize("system", ["sqlite"], indirect=True)

LONG = 20.0


class Job:
    """Something to look at, that counts the looks."""

    def __init__(self, broker: redis.Redis) -> None:
        self.broker = broker
        self.id = uuid4().int >> 70
        self.over = False
        self.looks = 0

    def look(self) -> bool:
        self.looks += 1
        return self.over

    def watch(self, alone: bool = False, seconds: float = LONG) -> bool:
        return waiting.wait_for_end(self.id, seconds, self.look, bool, alone)

    def end(self) -> None:
        self.over = True
        waiting.announce_end(self.id)


@pytest.fixture
def job(system: System, monkeypatch: pytest.MonkeyPatch) -> Iterator[Job]:
    with faults.connect_to_broker(system) as broker:
        monkeypatch.setattr("producer.signals.broker.client", lambda: broker)
        yield Job(broker)


def test_who_is_alone_looks_only_at_the_end_and_tells_nobody(job: Job) -> None:
    with ThreadPoolExecutor() as pool:
        pending = pool.submit(job.watch, alone=True)
        wait_until(lambda: job.broker.info("clients")["blocked_clients"])
        job.end()
        assert pending.result(waiting.POLL_SECONDS / 2)
    assert job.looks == 1
    assert not job.broker.exists(waiting._end_key(job.id))


def test_an_end_that_came_before_the_wait_is_not_missed(job: Job) -> None:
    job.end()
    began = time.monotonic()
    assert job.watch(alone=True)
    assert time.monotonic() - began < waiting.POLL_SECONDS / 2


def test_an_end_that_nobody_told_of_is_seen_all_the_same(job: Job) -> None:
    job.over = True
    assert job.watch(alone=True)
    assert job.looks == 1


def test_all_who_wait_are_told_of_one_end(job: Job) -> None:
    with ThreadPoolExecutor() as pool:
        pending = [pool.submit(job.watch) for _ in range(3)]
        wait_until(lambda: job.looks >= 3)
        began = time.monotonic()
        job.end()
        assert all(one.result(LONG) for one in pending)
    assert time.monotonic() - began < waiting.POLL_SECONDS / 2


def test_a_wait_ends_when_its_time_is_up(job: Job) -> None:
    began = time.monotonic()
    assert not job.watch(alone=True, seconds=0.2)
    assert 0.2 <= time.monotonic() - began < waiting.POLL_SECONDS
    assert not job.watch(alone=True, seconds=0)
