"""Tallies: what all processes together have done, as counters in Redis. They begin anew with it, as counters may.

What a web process does rides on what it sends anyway. Workers add up what they do, and hand it over once a second.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from threading import Lock
from typing import Any

from redis.exceptions import RedisError

from models import process_caches
from producer.signals import flushing
from producer.signals.broker import client

HASH = "linkmill:tally"
JOBS, ITEMS, SHARDS, SHARD_MICROSECONDS, ATTEMPTS = "jobs", "items", "shards", "shard_microseconds", "attempts"
DELIVERIES, SWEEPS, ACTIONS, REDIRECTS, CLICKS = "deliveries", "sweeps", "actions", "redirects", "clicks"
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
BEYOND = "+Inf"


class Tally:
    """What this process has done and not yet handed over."""

    def __init__(self) -> None:
        self.lock, self.flushing = Lock(), Lock()
        self.counts: Counter[str] = Counter()
        self.armed = self.started = False

    def add(self, name: str, *labels: str, times: int = 1) -> None:
        with self.lock:
            self.counts[field(name, *labels)] += times
            if self.armed and not self.started:
                self.started = True
                flushing.begin("tally", self.flush)

    def arm(self) -> None:
        """From the first count on a thread hands over: so there is none in a process that only forks others."""
        self.armed = True

    def clear(self) -> None:
        """Drop every count that is not sent yet."""
        with self.lock:
            self.counts = Counter()

    def flush(self) -> None:
        """What the broker does not take stays for the next time."""
        with self.flushing:
            with self.lock:
                taken, self.counts = self.counts, Counter()
            try:
                send(taken)
            except (RedisError, OSError):
                with self.lock:
                    self.counts += taken


tally = process_caches.container(Tally())


def field(name: str, *labels: str) -> str:
    return "|".join((name, *labels))


def took(kind: str, seconds: float) -> None:
    """Counts a shard and how long it took."""
    at = bisect_left(BUCKETS, seconds)
    tally.add(SHARDS, kind, str(BUCKETS[at]) if at < len(BUCKETS) else BEYOND)
    tally.add(SHARD_MICROSECONDS, kind, times=round(seconds * 1e6))


def send(counts: Mapping[str, int]) -> None:
    """Adds to the counters of all; raises when the broker is away."""
    if counts:
        pipeline = client().pipeline()
        for name, times in counts.items():
            pipeline.hincrby(HASH, name, times)
        pipeline.execute()


def read() -> dict[tuple[str, ...], int]:
    """Every counter by its name and labels; raises when the broker is away."""
    found: Any = client().hgetall(HASH)
    return {tuple(name.split("|")): int(times) for name, times in found.items()}
