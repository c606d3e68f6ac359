"""This process's client of Redis or Valkey, and what it shows of nodes. The truth is in the database."""

from functools import cache
from typing import Any, NamedTuple

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from redis.sentinel import Sentinel

from models import process_caches, redis_url, settings

SOCKET_SECONDS = 2  # longer than any of our blocking reads
MAX_CONNECTIONS = 1000  # each request that waits for a job or watches one has its own
BEAT_PREFIX = "linkmill:heard:"
BEAT_TTL_SECONDS = 10
CAN_WORK = "ok"
CANNOT_WORK = "no-database"


@process_caches.function
@cache
def client() -> redis.Redis:
    """Connect lazily, so a process that forks later shares no connection."""
    return connect(
        settings.get().redis_url,
        socket_timeout=SOCKET_SECONDS,
        socket_connect_timeout=SOCKET_SECONDS,
        health_check_interval=30,
        max_connections=MAX_CONNECTIONS,
        decode_responses=True,
    )


def connect(url: str, **options: Any) -> redis.Redis:
    """Return a client of the server of a URL, or of the master that its sentinels name."""
    if not redis_url.is_sentinel(url):
        return redis.Redis.from_url(url, **options)
    sentinels = redis_url.parse_sentinel(url)
    source: Any = Sentinel(sentinels.hosts, sentinel_kwargs=sentinel_options())  # type: ignore[no-untyped-call]
    master: redis.Redis = source.master_for(
        sentinels.master,
        db=sentinels.database,
        username=sentinels.user or None,
        password=sentinels.password or None,
        **options,
    )
    return master


def sentinel_options() -> dict[str, Any]:
    """Return the options of a connection to a sentinel. When one does not answer, the next is asked at once."""
    no_retry = Retry(NoBackoff(), 0)
    return {"socket_timeout": SOCKET_SECONDS, "socket_connect_timeout": SOCKET_SECONDS, "retry": no_retry}


class Beat(NamedTuple):
    """A heartbeat that a node sent to itself, and what the process that received it found."""

    sent_at: str
    can_work: bool = True
    """The process reached the database."""

    @property
    def state(self) -> str:
        return CAN_WORK if self.can_work else CANNOT_WORK


def record_beat(node: str, beat: Beat) -> None:
    """Record that a node ran a heartbeat task that it sent to itself."""
    client().set(f"{BEAT_PREFIX}{node}", f"{beat.sent_at} {beat.state}", ex=BEAT_TTL_SECONDS)


def last_beat(node: str) -> Beat | None:
    """Return a node's last recent heartbeat; raise when the broker is away."""
    text = client().get(f"{BEAT_PREFIX}{node}")
    return None if text is None else _parse_beat(str(text))


def recent_beats() -> list[Beat]:
    """Return the last heartbeat of each node that recorded one recently; raise when the broker is away."""
    keys = list(client().scan_iter(f"{BEAT_PREFIX}*", count=1000))
    texts: list[str | None] = client().mget(keys) if keys else []  # type: ignore[assignment]
    return [_parse_beat(text) for text in texts if text is not None]


def _parse_beat(text: str) -> Beat:
    sent_at, _, state = text.partition(" ")
    return Beat(sent_at, state != CANNOT_WORK)
