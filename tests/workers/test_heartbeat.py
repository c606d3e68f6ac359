"""The heartbeat: a node ends itself when its own heartbeats no longer arrive, and only then."""

import subprocess
import sys

import pytest
from celery.worker import state

from producer.signals import broker
from producer.signals.broker import Beat
from tests.fixtures.fake_redis import FakeRedis
from tests.waiting import wait_until
from workers import heartbeat
from workers.heartbeat import BUSY_SECONDS, SILENCE_SECONDS, Listener, kill_stopped_children


class Clock:
    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(fake_redis: FakeRedis, monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(heartbeat, "time", clock)
    monkeypatch.setattr(state, "reserved_requests", set())
    return clock


def receive(sent_at: float) -> None:
    broker.record_beat("node", Beat(str(sent_at)))


def test_a_node_that_receives_each_beat_is_not_silent(clock: Clock) -> None:
    listener = Listener("node")
    for _ in range(20):
        receive(clock.now)
        clock.now += SILENCE_SECONDS
        assert not listener.is_silent()


def test_the_same_beat_again_is_not_a_new_one(clock: Clock) -> None:
    listener = Listener("node")
    receive(clock.now)
    assert not listener.is_silent()
    clock.now += SILENCE_SECONDS + 1
    assert listener.is_silent()


def test_a_beat_of_an_earlier_process_is_no_beat_of_this_one(clock: Clock) -> None:
    receive(clock.now - 1)
    listener = Listener("node")
    assert not listener.is_silent()
    assert listener.last_beat is None


def test_no_node_is_silent_while_the_broker_is_away(clock: Clock, fake_redis: FakeRedis) -> None:
    listener = Listener("node")
    with fake_redis.away():
        clock.now += 3600
        assert not listener.is_silent()
    clock.now += SILENCE_SECONDS - 1
    assert not listener.is_silent()


def test_a_busy_node_has_time_to_receive_beats_when_it_is_done(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    listener = Listener("node")
    monkeypatch.setattr(state, "reserved_requests", {"a long shard"})
    clock.now += BUSY_SECONDS - SILENCE_SECONDS
    assert not listener.is_silent()
    monkeypatch.setattr(state, "reserved_requests", set())
    clock.now += SILENCE_SECONDS - 1
    assert not listener.is_silent()
    clock.now += 2
    assert listener.is_silent()


def test_a_node_that_is_busy_longer_than_any_task_is_silent(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    listener = Listener("node")
    monkeypatch.setattr(state, "reserved_requests", {"a stuck shard"})
    clock.now += BUSY_SECONDS + 1
    assert listener.is_silent()


def test_a_child_that_stands_still_is_killed_at_the_second_look() -> None:
    with subprocess.Popen([sys.executable, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)"]) as child:
        stopped = wait_until(lambda: kill_stopped_children(set()) & {child.pid}, what="it to stand still")
        assert child.poll() is None
        kill_stopped_children(stopped)
        assert child.wait(10) == -9
