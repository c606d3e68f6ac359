"""The heart: a node ends itself when it is deaf, and only then."""

import subprocess
import sys

import pytest
from celery.worker import state
from redis.exceptions import ConnectionError

from producer.signals import broker
from tests.waiting import wait_until
from workers import heartbeat
from workers.heartbeat import BUSY_SECONDS, DEAF_SECONDS, Ear, thaw


class Clock:
    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(heartbeat, "time", clock)
    monkeypatch.setattr(state, "reserved_requests", set())
    return clock


def hear(monkeypatch: pytest.MonkeyPatch, beat: str | None) -> None:
    monkeypatch.setattr(broker, "last_beat", lambda node: beat)


def test_a_node_that_hears_each_beat_is_not_deaf(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    ear = Ear("node")
    for beat in range(20):
        hear(monkeypatch, str(beat))
        clock.now += DEAF_SECONDS
        assert not ear.deaf()


def test_an_old_beat_is_no_news(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    ear = Ear("node")
    hear(monkeypatch, "old")
    assert not ear.deaf()
    clock.now += DEAF_SECONDS + 1
    assert ear.deaf()


def test_nobody_is_deaf_while_the_broker_is_away(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(node: str) -> str:
        raise ConnectionError

    ear = Ear("node")
    monkeypatch.setattr(broker, "last_beat", away)
    clock.now += 3600
    assert not ear.deaf()
    hear(monkeypatch, None)
    clock.now += DEAF_SECONDS - 1
    assert not ear.deaf()


def test_a_busy_node_has_time_to_hear_when_it_is_done(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    ear = Ear("node")
    hear(monkeypatch, None)
    monkeypatch.setattr(state, "reserved_requests", {"a long shard"})
    clock.now += BUSY_SECONDS - DEAF_SECONDS
    assert not ear.deaf()
    monkeypatch.setattr(state, "reserved_requests", set())
    clock.now += DEAF_SECONDS - 1
    assert not ear.deaf()
    clock.now += 2
    assert ear.deaf()


def test_nothing_takes_longer_than_the_longest_task(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    ear = Ear("node")
    hear(monkeypatch, None)
    monkeypatch.setattr(state, "reserved_requests", {"a stuck shard"})
    clock.now += BUSY_SECONDS + 1
    assert ear.deaf()


def test_a_child_that_stands_still_is_ended_at_the_second_look() -> None:
    with subprocess.Popen([sys.executable, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)"]) as child:
        stopped = wait_until(lambda: thaw(set()) & {child.pid}, 10, "it to stand still")
        assert child.poll() is None
        thaw(stopped)
        assert child.wait(10) == -9
