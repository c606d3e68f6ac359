"""Limits of calls: a plan's bulk calls an hour, counted in Redis. While Redis is away, no call is refused."""

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

from models import process_caches
from models.accounts import plans
from models.accounts.keys import Owner
from models.errors import RateLimited
from producer.signals import broker

POLICY = "bulk"
WINDOW_SECONDS = 3600
# How long Redis is not asked after it did not answer: each call would wait for its timeout.
AWAY_SECONDS = 1.0
# The limit in the headers of an unlimited plan: clients expect a number.
UNLIMITED = 1_000_000_000

T = TypeVar("T")

log = structlog.get_logger()


class Outage:
    """Until when Redis is not asked again after it did not answer."""

    until = 0.0

    def clear(self) -> None:
        self.until = 0.0


outage = process_caches.container(Outage())


class CallBudget(NamedTuple):
    """How many calls a workspace has in a window, and in how many seconds it has more."""

    limit: int
    remaining: int
    reset_seconds: int


def spend_call(owner: Owner) -> None:
    """Count a bulk call; raise RateLimited when none remains in this hour."""
    limit = plans.of(owner.plan).bulk_calls_per_hour
    if not limit:
        return
    item = RateLimitItemPerHour(limit)
    allowed = _ask_redis(lambda: _limiter().hit(item, str(owner.workspace_id)), default=True)
    if not allowed:
        seconds = call_budget(owner).reset_seconds
        raise RateLimited(f"Your plan allows {limit:,} bulk calls an hour. Try again in {seconds:,} seconds.", seconds)


def call_budget(owner: Owner) -> CallBudget:
    limit = plans.of(owner.plan).bulk_calls_per_hour
    if not limit:
        return CallBudget(UNLIMITED, UNLIMITED, WINDOW_SECONDS)
    item = RateLimitItemPerHour(limit)
    window = _ask_redis(lambda: _limiter().get_window_stats(item, str(owner.workspace_id)), default=None)
    if window is None or window.remaining >= limit:
        return CallBudget(limit, limit, WINDOW_SECONDS)
    seconds = math.ceil(window.reset_time - time.time())
    return CallBudget(limit, max(0, window.remaining), min(max(1, seconds), WINDOW_SECONDS))


def calls_used(owner: Owner) -> int | None:
    """How many bulk calls were made in this hour; None on a plan that does not limit them."""
    if not plans.of(owner.plan).bulk_calls_per_hour:
        return None
    budget = call_budget(owner)
    return budget.limit - budget.remaining


def add_headers(response: Response) -> Response:
    """Add the budget to every authenticated response: as the IETF draft says, and as older clients read it."""
    owner = getattr(g, "owner", None)
    if owner is None:
        return response
    budget = call_budget(owner)
    response.headers["RateLimit-Policy"] = f'"{POLICY}";q={budget.limit};w={WINDOW_SECONDS}'
    response.headers["RateLimit"] = f'"{POLICY}";r={budget.remaining};t={budget.reset_seconds}'
    response.headers["X-RateLimit-Limit"] = str(budget.limit)
    response.headers["X-RateLimit-Remaining"] = str(budget.remaining)
    response.headers["X-RateLimit-Reset"] = str(math.ceil(time.time()) + budget.reset_seconds)
    return response


def _ask_redis(ask: Callable[[], T], default: T) -> T:
    """Return the answer of Redis, or the default while it is away."""
    if time.monotonic() < outage.until:
        return default
    try:
        return ask()
    except (RedisError, OSError) as error:
        outage.until = time.monotonic() + AWAY_SECONDS
        log.warning("limits_unavailable", reason=error)
        return default


@process_caches.function
@cache
def _limiter() -> MovingWindowRateLimiter:
    pool = broker.client().connection_pool
    storage = RedisStorage("redis://", connection_pool=pool, key_prefix="linkmill")  # the pool knows the server
    return MovingWindowRateLimiter(storage)
