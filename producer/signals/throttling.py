"""Throttling of passwords: after a number of failures from one address, or at one link, a pause.

The counts are in Redis, under keyed hashes that do not reveal the address.
"""

import hmac
import ipaddress
from typing import NamedTuple

import structlog
from redis.exceptions import RedisError

from models.accounts import installation_secrets
from models.errors import TooManyAttempts
from models.links.lookup import Target
from producer.signals import broker

MAX_FAILURES = 10
# From all addresses together: somebody with many of them must not guess without an end. Nobody but the link's own
# visitors pays for the pause.
MAX_LINK_FAILURES = 100
PAUSE_SECONDS = 600
IPV6_PREFIX_BITS = 64  # one customer usually has all addresses of such a network
KEY_PREFIX = "linkmill:attempts:"

log = structlog.get_logger()


class Attempt(NamedTuple):
    """The counts that an attempt was added to."""

    keys: tuple[str, ...]


def begin_password_attempt(target: Target, address: str) -> Attempt:
    """Count an attempt at a link's password, or raise.

    It counts before the password is checked, so that many requests at once cannot pass the limit.
    """
    link = f"{target.domain_id} {target.slug} {target.generation}"
    message = "Too many wrong passwords."
    from_address = Attempt((_begin(f"{link} {_network(address)}", MAX_FAILURES, message),))
    try:
        return Attempt((*from_address.keys, _begin(f"{link} from anywhere", MAX_LINK_FAILURES, message)))
    except TooManyAttempts:
        forgive(from_address)
        raise


def begin_sign_in_attempt(address: str) -> Attempt:
    """Count an attempt to sign in, or raise."""
    return Attempt((_begin(f"sign in {_network(address)}", MAX_FAILURES, "Too many failed sign-ins."),))


def forgive(attempt: Attempt) -> None:
    """Take an attempt back: it succeeded, and only failures count."""
    for key in attempt.keys:
        _take_back(key)


def _begin(purpose: str, limit: int, message: str) -> str:
    """Count, or raise when the limit is reached; return the key of the count."""
    key = _key(purpose)
    try:
        count, remaining = _increment(key)
    except (RedisError, OSError) as error:
        log.warning("attempts_not_counted", reason=error)
        return key
    if count > limit:
        _take_back(key)
        seconds = max(remaining, 1)
        raise TooManyAttempts(f"{message} Try again in {seconds} seconds.", seconds)
    return key


def _take_back(key: str) -> None:
    try:
        _decrement(key)
    except (RedisError, OSError) as error:
        log.warning("attempts_not_counted", reason=error)


def _increment(key: str) -> tuple[int, int]:
    """Return the count and the seconds until it ends."""
    with broker.client().pipeline() as pipeline:
        pipeline.set(key, 0, ex=PAUSE_SECONDS, nx=True)
        pipeline.incr(key)
        pipeline.ttl(key)
        _, count, remaining = pipeline.execute()
    return int(count), int(remaining)


def _decrement(key: str) -> None:
    with broker.client().pipeline() as pipeline:
        pipeline.decr(key)
        pipeline.ttl(key)
        _, remaining = pipeline.execute()
    if remaining < 0:  # the count ended in between, and DECR made one that never ends
        broker.client().delete(key)


def _key(purpose: str) -> str:
    secret = installation_secrets.get(installation_secrets.VISITOR_KEY)
    digest = hmac.digest(secret, purpose.encode(), "sha256")
    return KEY_PREFIX + digest.hex()[:32]


def _network(address: str) -> str:
    """Return what attempts are counted by: an IPv4 address, or the network of an IPv6 address."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address) and not parsed.ipv4_mapped:
        return str(ipaddress.ip_network((parsed, IPV6_PREFIX_BITS), strict=False))
    return str(parsed)
