"""This process's client of Redis or Valkey, and what it shows of nodes and queues. The truth is in the database."""

from functools import cache

import redis

from models import process_caches, settings

SOCKET_SECONDS = 2  # longer than any of our blocking reads
MAX_CONNECTIONS = 1000  # each request that waits for a job or watches one has its own
BEAT_PREFIX = "linkmill:heard:"
BEAT_TTL_SECONDS = 10


@process_caches.function
@cache
def client() -> redis.Redis:
    """Connect lazily, so a process that forks later shares no connection."""
    return redis.Redis.from_url(
        settings.get().redis_url,
        socket_timeout=SOCKET_SECONDS,
        socket_connect_timeout=SOCKET_SECONDS,
        health_check_interval=30,
        max_connections=MAX_CONNECTIONS,
        decode_responses=True,
    )


def record_beat(node: str, beat: str) -> None:
    """Record that a node ran a heartbeat task that it sent to itself."""
    client().set(f"{BEAT_PREFIX}{node}", beat, ex=BEAT_TTL_SECONDS)


def last_beat(node: str) -> str | None:
    """Return a node's last recent heartbeat; raise when the broker is away."""
    beat = client().get(f"{BEAT_PREFIX}{node}")
    return None if beat is None else str(beat)


def is_any_node_alive() -> bool:
    """Whether any node recorded a heartbeat recently; raise when the broker is away."""
    keys = client().scan_iter(f"{BEAT_PREFIX}*", count=1000)
    return next(keys, None) is not None


def queue_length(queue: str) -> int:
    """Return how many messages wait in a queue; raise when the broker is away."""
    return int(client().llen(queue))


def is_empty(queue: str) -> bool:
    """Whether every message of a queue was taken or lost; raise when the broker is away."""
    return queue_length(queue) == 0
