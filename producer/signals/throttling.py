"""Throttling of passwords: after a number of failures from one address, a pause.

The count is in Redis, under a keyed hash that does not reveal the address.
"""

import hmac
import ipaddress

import structlog
from redis.exceptions import RedisError

from models.accounts import installation_secrets
from models.errors import TooManyAttempts
from models.links.lookup import Target
from producer.signals import broker

MAX_FAILURES = 10
PAUSE_SECONDS = 600
IPV6_PREFIX_BITS = 64  # one customer usually has all addresses of such a network
KEY_PREFIX = "linkmill:attempts:"

log = structlog.get_logger()


def begin_password_attempt(target: Target, address: str) -> str:
    """Count an attempt at a link's password, or raise; return its key.

    It counts before the password is checked, so that many requests at once cannot pass the limit.
    """
    return _begin(f"{target.domain_id} {target.slug} {target.generation}", address, "Too many wrong passwords.")


def begin_sign_in_attempt(address: str) -> str:
    """Count an attempt to sign in, or raise; return its key."""
    return _begin("sign in", address, "Too many failed sign-ins.")


def forgive(key: str) -> None:
    """Take an attempt back: it succeeded, and only failures count."""
    try:
        _decrement(key)
    except (RedisError, OSError) as error:
        log.warning("attempts_not_counted", reason=error)


def _begin(purpose: str, address: str, message: str) -> str:
    key = _key(purpose, address)
    try:
        count, remaining = _increment(key)
    except (RedisError, OSError) as error:
        log.warning("attempts_not_counted", reason=error)
        return key
    if count > MAX_FAILURES:
        forgive(key)
        seconds = max(remaining, 1)
        raise TooManyAttempts(f"{message} Try again in {seconds} seconds.", seconds)
    return key


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


def _key(purpose: str, address: str) -> str:
    secret = installation_secrets.get(installation_secrets.VISITOR_KEY)
    digest = hmac.digest(secret, f"{purpose} {_network(address)}".encode(), "sha256")
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
