"""This process's client of Redis or Valkey. It carries signals; the truth is in the database."""

from functools import cache

import redis

from models import process_caches, settings

SOCKET_SECONDS = 2  # longer than any blocking read of ours
CONNECTIONS = 1000  # at most; each that waits for a job or watches one has its own
HEARD = "linkmill:heard:"
HEARD_SECONDS = 10


@process_caches.function
@cache
def client() -> redis.Redis:
    return redis.Redis.from_url(
        settings.get().redis_url,
        socket_timeout=SOCKET_SECONDS,
        socket_connect_timeout=SOCKET_SECONDS,
        health_check_interval=30,
        max_connections=CONNECTIONS,
        decode_responses=True,
    )


def hear(node: str, beat: str) -> None:
    """Notes that a node has done a task that it sent to itself."""
    client().set(f"{HEARD}{node}", beat, ex=HEARD_SECONDS)


def last_beat(node: str) -> str | None:
    """What was heard last of that node, if that was lately; raises when the broker is away."""
    beat = client().get(f"{HEARD}{node}")
    return None if beat is None else str(beat)


def length(queue: str) -> int:
    """How many messages wait in a queue; raises when the broker is away."""
    return int(client().llen(queue))


def drained(queue: str) -> bool:
    """Whether every message of a queue was taken (or lost); raises when the broker is away."""
    return not length(queue)


def heard() -> bool:
    """Whether any node was heard lately."""
    return next(client().scan_iter(f"{HEARD}*", count=1000), None) is not None
