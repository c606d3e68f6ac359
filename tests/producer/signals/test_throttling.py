"""Throttling: failures are counted by address, and too many of them mean a pause."""

from datetime import UTC, datetime

import pytest

from models.accounts import installation_secrets
from models.errors import TooManyAttempts
from models.links.lookup import Target
from producer.signals import throttling
from producer.signals.throttling import KEY_PREFIX, MAX_FAILURES, MAX_LINK_FAILURES, PAUSE_SECONDS
from tests.fixtures.fake_redis import FakeRedis

ADDRESS = "192.0.2.7"
TARGET = Target(1, "slug", 7, 5, "https://a.example", None, datetime.now(UTC), None, "hash", None)


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch, fake_redis: FakeRedis) -> None:
    monkeypatch.setattr(installation_secrets, "get", lambda name: b"s" * 32)


def fail(times: int, address: str = ADDRESS) -> None:
    for _ in range(times):
        throttling.begin_sign_in_attempt(address)


def test_the_pause_begins_after_so_many_failures() -> None:
    fail(MAX_FAILURES)
    with pytest.raises(TooManyAttempts) as refusal:
        fail(1)
    assert 0 < refusal.value.retry_after <= PAUSE_SECONDS


def test_a_success_is_no_failure() -> None:
    for _ in range(3 * MAX_FAILURES):
        throttling.forgive(throttling.begin_sign_in_attempt(ADDRESS))
    fail(MAX_FAILURES)


def test_a_refused_attempt_does_not_make_the_pause_longer(fake_redis: FakeRedis) -> None:
    fail(MAX_FAILURES)
    for _ in range(5):
        with pytest.raises(TooManyAttempts):
            fail(1)
    (key,) = fake_redis.client.scan_iter(f"{KEY_PREFIX}*")
    assert fake_redis.client.get(key) == str(MAX_FAILURES)


def test_after_the_pause_attempts_are_allowed_again(fake_redis: FakeRedis) -> None:
    fail(MAX_FAILURES)
    (key,) = fake_redis.client.scan_iter(f"{KEY_PREFIX}*")
    assert 0 < int(fake_redis.client.ttl(key)) <= PAUSE_SECONDS
    fake_redis.client.delete(key)
    fail(MAX_FAILURES)


def test_a_count_that_ended_during_an_attempt_leaves_nothing_behind(fake_redis: FakeRedis) -> None:
    attempt = throttling.begin_sign_in_attempt(ADDRESS)
    fake_redis.client.delete(*attempt.keys)
    throttling.forgive(attempt)
    assert not fake_redis.client.exists(*attempt.keys)


def test_each_link_and_each_door_counts_for_itself() -> None:
    fail(MAX_FAILURES)
    for _ in range(MAX_FAILURES):
        throttling.begin_password_attempt(TARGET, ADDRESS)
    throttling.begin_password_attempt(TARGET._replace(slug="other"), ADDRESS)
    throttling.begin_password_attempt(TARGET._replace(generation=8), ADDRESS)
    with pytest.raises(TooManyAttempts):
        throttling.begin_password_attempt(TARGET, ADDRESS)


def test_a_link_has_a_limit_of_its_own_however_many_addresses_try_it() -> None:
    for number in range(MAX_LINK_FAILURES):
        throttling.begin_password_attempt(TARGET, f"192.0.2.{number}")
    for _ in range(2):
        with pytest.raises(TooManyAttempts):
            throttling.begin_password_attempt(TARGET, "198.51.100.1")
    throttling.begin_password_attempt(TARGET._replace(slug="other"), "198.51.100.1")


def test_what_the_limit_of_a_link_refuses_does_not_count_for_the_address(fake_redis: FakeRedis) -> None:
    for number in range(MAX_LINK_FAILURES):
        throttling.begin_password_attempt(TARGET, f"192.0.2.{number}")
    with pytest.raises(TooManyAttempts):
        throttling.begin_password_attempt(TARGET, "198.51.100.1")
    counts = sorted(int(fake_redis.client.get(key) or 0) for key in fake_redis.client.scan_iter(f"{KEY_PREFIX}*"))
    assert counts == [0] + [1] * MAX_LINK_FAILURES + [MAX_LINK_FAILURES]


def test_right_passwords_never_lead_to_a_pause_of_the_link() -> None:
    for number in range(2 * MAX_LINK_FAILURES):
        throttling.forgive(throttling.begin_password_attempt(TARGET, f"192.0.2.{number}"))


@pytest.mark.parametrize(
    ("first", "second", "counted_together"),
    [
        ("192.0.2.7", "192.0.2.8", False),
        ("::ffff:192.0.2.7", "192.0.2.7", False),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("no address", "no address", True),
    ],
)
def test_an_ipv6_network_counts_as_one_address(first: str, second: str, counted_together: bool) -> None:
    one, two = (throttling.begin_sign_in_attempt(address) for address in (first, second))
    assert (one == two) is counted_together


def test_no_address_is_stored(fake_redis: FakeRedis) -> None:
    fail(1)
    stored = [*fake_redis.client.scan_iter()]
    assert len(stored) == 1
    assert ADDRESS not in stored[0]


def test_nobody_is_throttled_while_the_broker_is_away(fake_redis: FakeRedis) -> None:
    with fake_redis.away():
        fail(2 * MAX_FAILURES)
        throttling.forgive(throttling.Attempt(("any",)))
