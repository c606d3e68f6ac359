"""Waiting for a job: how often it is read, and who receives which signal."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from threading import Event

import pytest

from producer.signals import counters, waiting
from producer.signals.places import Places
from producer.signals.waiting import POLL_SECONDS, ProgressSubscription, Slot
from tests.fixtures.fake_redis import FakeRedis
from tests.waiting import wait_until

JOB_ID = 77
WORKSPACE_ID = 7
LONG = 20.0
AT_ONCE = POLL_SECONDS / 2


@dataclass
class Job:
    """A job that counts how often it is read."""

    has_ended: bool = False
    rows: int = 0
    reads: int = 0

    def read(self) -> "Job":
        self.reads += 1
        return self

    def wait(self, only_waiter: bool = False, timeout: float = LONG) -> bool:
        return waiting.wait_for_end(JOB_ID, timeout, self.read, only_waiter).has_ended

    def end(self) -> None:
        self.has_ended = True
        waiting.announce_end(JOB_ID)


@pytest.fixture
def job(fake_redis: FakeRedis) -> Job:
    return Job()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as pool:
        yield pool


def wait_until_blocked(monkeypatch: pytest.MonkeyPatch) -> Event:
    """Return an event that is set once a wait for a signal begins."""
    blocked = Event()
    original = waiting._wait_for_signal

    def wait_for_signal(job_id: int, timeout: float) -> bool:
        blocked.set()
        return original(job_id, timeout)

    monkeypatch.setattr(waiting, "_wait_for_signal", wait_for_signal)
    return blocked


def test_the_only_waiter_reads_the_job_once_it_has_ended_and_signals_nothing(
    job: Job, pool: ThreadPoolExecutor, fake_redis: FakeRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = wait_until_blocked(monkeypatch)
    pending = pool.submit(job.wait, only_waiter=True)
    assert blocked.wait(LONG)
    job.end()
    assert pending.result(AT_ONCE)
    assert job.reads == 1
    assert not fake_redis.client.exists(waiting._end_key(JOB_ID))


def test_an_end_that_came_before_the_wait_is_not_missed(job: Job) -> None:
    job.end()
    start = time.monotonic()
    assert job.wait(only_waiter=True)
    assert time.monotonic() - start < AT_ONCE


def test_an_end_without_a_signal_is_noticed_all_the_same(job: Job) -> None:
    job.has_ended = True
    assert job.wait(only_waiter=True)
    assert job.reads == 1


def test_one_end_reaches_everyone_who_waits(job: Job, pool: ThreadPoolExecutor) -> None:
    pending = [pool.submit(job.wait) for _ in range(3)]
    wait_until(lambda: job.reads >= 3)
    start = time.monotonic()
    job.end()
    assert all(one.result(LONG) for one in pending)
    assert time.monotonic() - start < AT_ONCE


def test_a_wait_ends_with_its_timeout(job: Job) -> None:
    start = time.monotonic()
    assert not job.wait(only_waiter=True, timeout=0.2)
    assert 0.2 <= time.monotonic() - start < POLL_SECONDS
    assert not job.wait(only_waiter=True, timeout=0)


def test_an_end_is_signalled_for_a_minute_and_counted_once(fake_redis: FakeRedis) -> None:
    waiting.announce_end(JOB_ID, counters.field_name(counters.JOBS, "create", "completed", "succeeded"))
    assert 0 < int(fake_redis.client.ttl(waiting._end_key(JOB_ID))) <= waiting.END_SIGNAL_SECONDS
    assert counters.read() == {("jobs", "create", "completed", "succeeded"): 1}


def test_without_a_free_slot_the_job_is_read_once(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    slots = Places(total=1, each=1)
    monkeypatch.setattr(waiting.Slot.__init__, "__defaults__", (slots,))
    with Slot(WORKSPACE_ID, slots) as slot:
        assert slot.acquired
        assert waiting.wait_in_slot(WORKSPACE_ID, JOB_ID, LONG, job.read) is job
    assert job.reads == 1
    job.end()
    assert waiting.wait_in_slot(WORKSPACE_ID, JOB_ID, LONG, job.read).has_ended


@pytest.mark.parametrize("slots", [waiting.wait_slots, waiting.stream_slots])
def test_a_workspace_leaves_slots_to_others(slots: Places) -> None:
    with ExitStack() as stack:
        taken = [stack.enter_context(Slot(WORKSPACE_ID, slots)).acquired for _ in range(slots.total)]
        assert taken.count(True) == slots.each < slots.total
        assert stack.enter_context(Slot(WORKSPACE_ID + 1, slots)).acquired


def test_a_slot_is_given_back_after_an_error() -> None:
    slots = Places(total=1, each=1)
    with pytest.raises(ZeroDivisionError), Slot(WORKSPACE_ID, slots):
        raise ZeroDivisionError
    with Slot(WORKSPACE_ID, slots) as slot:
        assert slot.acquired


def test_a_change_is_noticed_soon_after_its_signal(job: Job, pool: ThreadPoolExecutor) -> None:
    pending = pool.submit(waiting.wait_for_change, WORKSPACE_ID, JOB_ID, LONG, job.read, lambda job: job.rows > 0)
    wait_until(lambda: job.reads)
    job.rows = 10
    waiting.announce_progress(JOB_ID)
    assert pending.result(POLL_SECONDS).rows == 10


def test_a_wait_for_a_change_ends_with_its_timeout(job: Job) -> None:
    start = time.monotonic()
    assert waiting.wait_for_change(WORKSPACE_ID, JOB_ID, 0.2, job.read, lambda job: False) is job
    assert time.monotonic() - start < POLL_SECONDS


def test_progress_is_read_not_too_often_and_an_end_at_once(fake_redis: FakeRedis) -> None:
    with ProgressSubscription(JOB_ID) as subscription:
        read_at = time.monotonic()
        waiting.announce_progress(JOB_ID)
        subscription.wait(read_at)
        assert waiting.MIN_EVENT_GAP_SECONDS <= time.monotonic() - read_at < POLL_SECONDS
        waiting.announce_end(JOB_ID)
        read_at = time.monotonic()
        subscription.wait(read_at)
        assert time.monotonic() - read_at < waiting.MIN_EVENT_GAP_SECONDS


def test_without_a_signal_the_job_is_read_again_after_a_second(fake_redis: FakeRedis) -> None:
    with ProgressSubscription(JOB_ID) as subscription:
        read_at = time.monotonic()
        subscription.wait(read_at)
        assert POLL_SECONDS <= time.monotonic() - read_at < 2 * POLL_SECONDS


def test_a_wait_polls_the_database_while_the_broker_is_away(
    job: Job, pool: ThreadPoolExecutor, fake_redis: FakeRedis
) -> None:
    with fake_redis.away():
        pending = pool.submit(job.wait)
        wait_until(lambda: job.reads >= 2)
        waiting.announce_progress(JOB_ID)
        job.end()
        assert pending.result(LONG)


def test_a_subscription_begins_once_the_broker_is_back(fake_redis: FakeRedis) -> None:
    with fake_redis.away(), ProgressSubscription(JOB_ID) as subscription:
        subscription.wait(time.monotonic(), time.monotonic() + 0.05)
        fake_redis.server.connected = True
        subscription.wait(time.monotonic(), time.monotonic() + 0.05)
        assert subscription.pubsub.subscribed


def test_a_condition_is_polled_until_it_is_true_or_the_timeout_is_over() -> None:
    answers = iter([False, False, True])
    waiting.poll_until(LONG, lambda: next(answers))
    assert next(answers, None) is None
    start = time.monotonic()
    waiting.poll_until(0.1, lambda: False)
    assert 0.1 <= time.monotonic() - start < LONG
