"""Attempts at a link's password or at signing in: so many failures from one place, and then a pause.

The count is in Redis under a keyed hash: from what is stored nobody can tell an address.
"""

import hmac
import ipaddress

import structlog
from redis.exceptions import RedisError

from models.accounts import installation_secrets
from models.errors import TooManyAttempts
from models.links.lookup import Target
from producer.signals.broker import client

MOST = 10
SECONDS = 600
NEIGHBOURS = 64  # bits: whoever has an IPv6 address has all that begin like it
PREFIX = "linkmill:attempts:"

log = structlog.get_logger()


def begin(target: Target, address: str) -> str:
    """Counts an attempt before its password is looked at, so that many at once are no way round the limit."""
    return _begin(f"{target.domain_id} {target.slug} {target.generation}", address, "wrong passwords")


def begin_to_sign_in(address: str) -> str:
    return _begin("sign in", address, "keys that are none")


def _begin(door: str, address: str, wrong: str) -> str:
    name = _name(door, address)
    try:
        count, left = _count(name)
    except (RedisError, OSError) as error:
        log.warning("attempts_not_counted", reason=error)
        return name
    if count > MOST:
        _give_back(name)
        raise TooManyAttempts(f"too many {wrong}: try again later", max(left, 1))
    return name


def succeeded(name: str) -> None:
    """What was right was no failure."""
    _give_back(name)


def _give_back(name: str) -> None:
    try:
        with client().pipeline() as pipe:
            pipe.decr(name)
            pipe.ttl(name)
            _, left = pipe.execute()
        if left < 0:  # it had ended in between, and what DECR makes never ends
            client().delete(name)
    except (RedisError, OSError) as error:
        log.warning("attempts_not_counted", reason=error)


def _count(name: str) -> tuple[int, int]:
    with client().pipeline() as pipe:
        pipe.set(name, 0, ex=SECONDS, nx=True)
        pipe.incr(name)
        pipe.ttl(name)
        _, count, left = pipe.execute()
    return int(count), int(left)


def _name(door: str, address: str) -> str:
    return (
        PREFIX
        + hmac.digest(
            installation_secrets.known(installation_secrets.VISITOR_KEY), f"{door} {_place(address)}".encode(), "sha256"
        ).hex()[:32]
    )


def _place(address: str) -> str:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address) and not found.ipv4_mapped:
        return str(ipaddress.ip_network((found, NEIGHBOURS), strict=False))
    return str(found)
