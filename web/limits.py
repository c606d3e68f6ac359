"""How often a workspace may call: its plan's bulk calls an hour, counted in Redis; without Redis nobody is held up."""

import math
import time
from collections.abc import Callable
from functools import cache
from typing import NamedTuple, TypeVar

import structlog
from flask import Response, g
from limits import RateLimitItemPerHour
from limits.storage import RedisStorage
from limits.strategies import MovingWindowRateLimiter
from redis.exceptions import RedisError

from models import process_caches, settings
from models.accounts import plans
from models.accounts.keys import Owner
from models.errors import RateLimited
from producer.signals import broker

POLICY = "bulk"
WINDOW_SECONDS = 3600
AWAY_SECONDS = 1.0  # how long nobody asks a Redis that did not answer: each would wait for its silence
UNLIMITED = 1_000_000_000  # what clients are told where there is no limit: they expect a number

T = TypeVar("T")

log = structlog.get_logger()


class Outage:
    """How long Redis is not asked again after it did not answer."""

    until = 0.0

    def clear(self) -> None:
        self.until = 0.0


outage = process_caches.container(Outage())


class Room(NamedTuple):
    """What a workspace has left, and in how many seconds it has more."""

    limit: int
    left: int
    seconds: int


def spend(owner: Owner) -> None:
    """Counts a bulk call; raises when there is none left in this hour."""
    limit = plans.of(owner.plan).bulk_calls_per_hour
    if not limit:
        return
    item = RateLimitItemPerHour(limit)
    if not _asked(lambda: _limiter().hit(item, str(owner.workspace_id)), True):
        seconds = room(owner).seconds
        raise RateLimited(f"this plan has {limit:,} bulk calls an hour; more in {seconds:,} s", seconds)


def room(owner: Owner) -> Room:
    limit = plans.of(owner.plan).bulk_calls_per_hour
    if not limit:
        return Room(UNLIMITED, UNLIMITED, WINDOW_SECONDS)
    item = RateLimitItemPerHour(limit)
    found = _asked(lambda: _limiter().get_window_stats(item, str(owner.workspace_id)), None)
    if found is None or found.remaining >= limit:
        return Room(limit, limit, WINDOW_SECONDS)
    seconds = math.ceil(found.reset_time - time.time())
    return Room(limit, max(0, found.remaining), min(max(1, seconds), WINDOW_SECONDS))


def tell(response: Response) -> Response:
    """Every answer to a key says what is left: as the IETF draft has it, and as older clients read it."""
    found = getattr(g, "owner", None)
    if found is not None:
        limit, left, seconds = room(found)
        response.headers["RateLimit-Policy"] = f'"{POLICY}";q={limit};w={WINDOW_SECONDS}'
        response.headers["RateLimit"] = f'"{POLICY}";r={left};t={seconds}'
        response.headers["X-RateLimit-Limit"] = str(limit)
        response.headers["X-RateLimit-Remaining"] = str(left)
        response.headers["X-RateLimit-Reset"] = str(math.ceil(time.time()) + seconds)
    return response


def _asked(ask: Callable[[], T], otherwise: T) -> T:
    """What Redis says, or what is assumed while it is away."""
    if time.monotonic() < outage.until:
        return otherwise
    try:
        return ask()
    except (RedisError, OSError) as error:
        outage.until = time.monotonic() + AWAY_SECONDS
        log.warning("limits_unavailable", reason=error)
        return otherwise


@process_caches.function
@cache
def _limiter() -> MovingWindowRateLimiter:
    pool = broker.client().connection_pool
    return MovingWindowRateLimiter(RedisStorage(settings.get().redis_url, connection_pool=pool, key_prefix="linkmill"))
