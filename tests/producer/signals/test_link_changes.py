"""Changes of links reach every listener before the one who announces them goes on."""

from collections.abc import Collection
from threading import Event

import fakeredis
import pytest

from models.link_key import LinkName
from producer.signals import broker, link_changes
from tests.fixtures.fake_redis import FakeRedis
from tests.waiting import wait_until


class Listener:
    """What a process was told to forget."""

    def __init__(self, fake_redis: FakeRedis) -> None:
        self.forgotten: list[Collection[LinkName] | None] = []
        self.listens = Event()
        link_changes.listen(self.forget)
        assert self.listens.wait(10)

    def forget(self, names: Collection[LinkName] | None) -> None:
        self.forgotten.append(names)
        self.listens.set()


def test_an_announcement_returns_when_every_listener_knows(fake_redis: FakeRedis) -> None:
    listeners = [Listener(fake_redis), Listener(fake_redis)]
    for number in range(20):
        link_changes.announce([(1, f"slug-{number}"), (2, "ü/ä")])
        assert [listener.forgotten[-1] for listener in listeners] == [[(1, f"slug-{number}"), (2, "ü/ä")]] * 2


def test_many_changes_are_announced_as_all(fake_redis: FakeRedis) -> None:
    listener = Listener(fake_redis)
    listener.forgotten.clear()
    link_changes.announce([(1, str(number)) for number in range(link_changes.MOST_NAMED + 1)])
    assert listener.forgotten == [None]


def test_a_process_that_has_ended_delays_a_change_for_a_moment_only(
    fake_redis: FakeRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link_changes, "MOST_SECONDS", 0.05)
    with fake_redis.client.pubsub() as silent:  # type: ignore[no-untyped-call]
        silent.subscribe(link_changes.channel())
        link_changes.announce([(1, "a")])


def test_an_installation_in_another_database_of_the_broker_has_a_channel_of_its_own(
    fake_redis: FakeRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = link_changes.channel()
    other = fakeredis.FakeRedis(server=fake_redis.server, db=1)
    monkeypatch.setattr(broker, "client", lambda: other)
    assert link_changes.channel() != channel


def test_without_a_broker_a_change_is_not_announced_and_does_not_fail(fake_redis: FakeRedis) -> None:
    with fake_redis.away():
        link_changes.announce([(1, "a")])


def test_a_listener_forgets_everything_after_an_outage(fake_redis: FakeRedis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_changes, "LISTEN_SECONDS", 0.01)
    listener = Listener(fake_redis)
    with fake_redis.away():
        listener.forgotten.clear()
        wait_until(lambda: None in listener.forgotten, what="everything to be forgotten")
    listener.forgotten.clear()
    wait_until(lambda: None in listener.forgotten, what="the listener to be back")
    link_changes.announce([(1, "a")])
    assert listener.forgotten[-1] == [(1, "a")]
