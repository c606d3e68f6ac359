"""Counters of all processes together, kept in Redis; they restart from zero when Redis does, as metrics may.

A web process sends its counts along with other messages. Workers buffer theirs, and flush them once a second.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from threading import Lock
from typing import cast

from redis.exceptions import RedisError

from models import process_caches
from producer.signals import broker, flushing

HASH = "linkmill:tally"

JOBS = "jobs"
ITEMS = "items"
SHARDS = "shards"
SHARD_MICROSECONDS = "shard_microseconds"
ATTEMPTS = "attempts"
DELIVERIES = "deliveries"
SWEEPS = "sweeps"
ACTIONS = "actions"
REDIRECTS = "redirects"
CLICKS = "clicks"

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
LAST_BUCKET = "+Inf"


class PendingCounts:
    """What this process has counted and not sent yet."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.flush_lock = Lock()
        self.counts: Counter[str] = Counter()
        self.flushes_by_itself = False
        self.is_flushing = False

    def add(self, name: str, *labels: str, times: int = 1) -> None:
        """Add to a counter; it reaches Redis with the next flush."""
        with self.lock:
            self.counts[field_name(name, *labels)] += times
            if self.flushes_by_itself and not self.is_flushing:
                self.is_flushing = True
                flushing.start("counters", self.flush)

    def enable_flushing(self) -> None:
        """Start a flushing thread with the first count, so a process that only forks others has none."""
        self.flushes_by_itself = True

    def flush(self) -> None:
        """Send every count; keep them for the next flush when the broker is away."""
        with self.flush_lock:
            counts = self._take()
            try:
                send(counts)
            except (RedisError, OSError):
                with self.lock:
                    self.counts += counts

    def clear(self) -> None:
        """Drop every count that is not sent yet."""
        self._take()

    def _take(self) -> Counter[str]:
        with self.lock:
            counts = self.counts
            self.counts = Counter()
        return counts


pending = process_caches.container(PendingCounts())
add = pending.add
flush = pending.flush
enable_flushing = pending.enable_flushing


def add_shard(kind: str, seconds: float) -> None:
    """Count a shard in the histogram of how long shards took."""
    index = bisect_left(BUCKETS, seconds)
    bucket = str(BUCKETS[index]) if index < len(BUCKETS) else LAST_BUCKET
    add(SHARDS, kind, bucket)
    add(SHARD_MICROSECONDS, kind, times=round(seconds * 1e6))


def field_name(name: str, *labels: str) -> str:
    """Return the field of the Redis hash for a counter and its labels."""
    return "|".join((name, *labels))


def send(counts: Mapping[str, int]) -> None:
    """Add counts to the counters in Redis; raise when the broker is away."""
    if not counts:
        return
    pipeline = broker.client().pipeline()
    for field, times in counts.items():
        pipeline.hincrby(HASH, field, times)
    pipeline.execute()


def read() -> dict[tuple[str, ...], int]:
    """Return every counter by its name and labels; raise when the broker is away."""
    fields = cast(dict[str, str], broker.client().hgetall(HASH))
    return {tuple(field.split("|")): int(times) for field, times in fields.items()}
