"""This process's client of Redis or Valkey. It carries signals; the truth is in the database."""

from functools import cache

import redis

from models import settings

SOCKET_SECONDS = 5
HEARD = "linkmill:heard:"
HEARD_SECONDS = 10


@cache
def client() -> redis.Redis:
    return redis.Redis.from_url(
        settings.get().redis_url,
        socket_timeout=SOCKET_SECONDS,
        socket_connect_timeout=SOCKET_SECONDS,
        health_check_interval=30,
        decode_responses=True,
    )


def hear(node: str) -> None:
    """Notes that a node has done a task that it sent to itself."""
    client().set(f"{HEARD}{node}", 1, ex=HEARD_SECONDS)


def beats(node: str) -> bool:
    """Whether that node was heard lately; raises when the broker is away."""
    return bool(client().exists(f"{HEARD}{node}"))


def heard() -> bool:
    """Whether any node was heard lately."""
    return next(client().scan_iter(f"{HEARD}*", count=1000), None) is not None
