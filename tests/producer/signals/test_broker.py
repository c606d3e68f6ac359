"""Heartbeats of nodes and lengths of queues, as the broker shows them."""

import pytest
from redis.exceptions import ConnectionError

from producer.signals import broker, queues
from producer.signals.broker import Beat
from tests.fixtures.fake_redis import FakeRedis


def test_a_heartbeat_is_remembered_for_a_while(fake_redis: FakeRedis) -> None:
    assert broker.last_beat("node-1") is None
    broker.record_beat("node-1", Beat("1700.5"))
    assert broker.last_beat("node-1") == Beat("1700.5")
    assert 0 < int(fake_redis.client.ttl(f"{broker.BEAT_PREFIX}node-1")) <= broker.BEAT_TTL_SECONDS


def test_each_node_has_heartbeats_of_its_own(fake_redis: FakeRedis) -> None:
    assert broker.recent_beats() == []
    broker.record_beat("node-1", Beat("1"))
    broker.record_beat("node-2", Beat("2", can_work=False))
    assert (broker.last_beat("node-1"), broker.last_beat("node-2")) == (Beat("1"), Beat("2", can_work=False))
    assert sorted(broker.recent_beats()) == [Beat("1"), Beat("2", can_work=False)]


def test_a_heartbeat_of_an_older_version_says_that_its_node_can_work(fake_redis: FakeRedis) -> None:
    fake_redis.client.set(f"{broker.BEAT_PREFIX}node-1", "1700.5")
    assert broker.last_beat("node-1") == Beat("1700.5", can_work=True)


def test_a_queue_is_as_long_as_the_messages_in_it(fake_redis: FakeRedis) -> None:
    assert queues.is_empty("bulk")
    fake_redis.client.lpush("bulk", "one", "two")
    assert queues.length("bulk") == 2
    assert not queues.is_empty("bulk")


def test_a_broker_that_is_away_is_an_error_here(fake_redis: FakeRedis) -> None:
    with fake_redis.away():
        with pytest.raises(ConnectionError):
            broker.last_beat("node-1")
        with pytest.raises(ConnectionError):
            queues.is_empty("bulk")
        with pytest.raises(ConnectionError):
            broker.recent_beats()


def test_a_client_connects_only_when_it_is_used_and_waits_for_a_bounded_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://broker.example:6379/0")
    settings = broker.client.__wrapped__().connection_pool.connection_kwargs
    assert settings["socket_timeout"] == settings["socket_connect_timeout"] == broker.SOCKET_SECONDS
