"""Counters: buffered in this process, summed in Redis."""

from unittest.mock import create_autospec

import pytest

from producer.signals import counters, flushing
from producer.signals.counters import PendingCounts
from tests.fixtures.fake_redis import FakeRedis


@pytest.fixture
def pending(fake_redis: FakeRedis, monkeypatch: pytest.MonkeyPatch) -> PendingCounts:
    monkeypatch.setattr(flushing, "start", create_autospec(flushing.start))
    return PendingCounts()


def test_counts_are_summed_by_name_and_labels(pending: PendingCounts) -> None:
    pending.add(counters.ITEMS, "create", "created", times=3)
    pending.add(counters.ITEMS, "create", "created")
    pending.add(counters.ITEMS, "create", "failed")
    pending.add(counters.SWEEPS)
    pending.flush()
    assert counters.read() == {
        ("items", "create", "created"): 4,
        ("items", "create", "failed"): 1,
        ("sweeps",): 1,
    }


def test_processes_add_to_the_same_counters(pending: PendingCounts) -> None:
    other = PendingCounts()
    pending.add(counters.SWEEPS)
    other.add(counters.SWEEPS, times=2)
    pending.flush()
    other.flush()
    assert counters.read() == {("sweeps",): 3}


def test_each_count_is_sent_once(pending: PendingCounts) -> None:
    pending.add(counters.SWEEPS)
    pending.flush()
    pending.flush()
    assert counters.read() == {("sweeps",): 1}


def test_counts_wait_while_the_broker_is_away(fake_redis: FakeRedis, pending: PendingCounts) -> None:
    pending.add(counters.SWEEPS)
    with fake_redis.away():
        pending.flush()
        pending.add(counters.SWEEPS)
        pending.flush()
    assert counters.read() == {}
    pending.flush()
    assert counters.read() == {("sweeps",): 2}


def test_a_process_that_only_forks_others_starts_no_thread(pending: PendingCounts) -> None:
    start = flushing.start
    pending.add(counters.SWEEPS)
    start.assert_not_called()  # type: ignore[attr-defined]
    pending.enable_flushing()
    start.assert_not_called()  # type: ignore[attr-defined]
    pending.add(counters.SWEEPS)
    pending.add(counters.SWEEPS)
    start.assert_called_once_with("counters", pending.flush)  # type: ignore[attr-defined]


def test_a_shard_is_counted_in_the_bucket_of_its_time(fake_redis: FakeRedis) -> None:
    for seconds in (0.001, 0.005, 0.006, 59.0, 61.0):
        counters.add_shard("create", seconds)
    counters.flush()
    assert counters.read() == {
        ("shards", "create", "0.005"): 2,
        ("shards", "create", "0.01"): 1,
        ("shards", "create", "60.0"): 1,
        ("shards", "create", "+Inf"): 1,
        ("shard_microseconds", "create"): 120_012_000,
    }


def test_nothing_is_sent_when_nothing_was_counted(fake_redis: FakeRedis) -> None:
    with fake_redis.away():
        counters.send({})
