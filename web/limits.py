"""How often a workspace may call: its plan's bulk calls an hour, counted in Redis; without Redis nobody is held up."""

import math
import time
from functools import cache
from typing import NamedTuple

import structlog
from flask import Response, g
from limits import RateLimitItemPerHour
from limits.storage import RedisStorage
from limits.strategies import MovingWindowRateLimiter
from redis.exceptions import RedisError

from models import plans, settings
from models.errors import RateLimited
from models.keys import Owner
from producer import broker

POLICY = "bulk"
WINDOW_SECONDS = 3600
UNLIMITED = 1_000_000_000  # what clients are told where there is no limit: they expect a number

log = structlog.get_logger()


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
    try:
        item = RateLimitItemPerHour(limit)
        if not _limiter().hit(item, str(owner.workspace_id)):
            seconds = room(owner).seconds
            raise RateLimited(f"this plan has {limit:,} bulk calls an hour; more in {seconds:,} s", seconds)
    except (RedisError, OSError) as error:
        log.warning("limits_away", reason=str(error))


def room(owner: Owner) -> Room:
    limit = plans.of(owner.plan).bulk_calls_per_hour
    if not limit:
        return Room(UNLIMITED, UNLIMITED, WINDOW_SECONDS)
    try:
        at, left = _limiter().get_window_stats(RateLimitItemPerHour(limit), str(owner.workspace_id))
    except (RedisError, OSError) as error:
        log.warning("limits_away", reason=str(error))
        return Room(limit, limit, WINDOW_SECONDS)
    seconds = math.ceil(at - time.time()) if left < limit else WINDOW_SECONDS
    return Room(limit, max(0, left), min(max(1, seconds), WINDOW_SECONDS))


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


@cache
def _limiter() -> MovingWindowRateLimiter:
    pool = broker.client().connection_pool
    return MovingWindowRateLimiter(RedisStorage(settings.get().redis_url, connection_pool=pool, key_prefix="linkmill"))
