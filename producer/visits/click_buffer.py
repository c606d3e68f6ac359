"""Clicks: counted in this process as they come, and handed to the workers about once a second.

A redirect waits for none of it. A batch carries an id of its own, so that one which is sent twice counts once.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime
from multiprocessing.util import Finalize
from threading import Lock
from typing import NamedTuple

import msgspec
import structlog
from redis.exceptions import RedisError

from models import process_caches
from models.clicks.click_counts import ClickCount
from models.links.lookup import Target
from producer.signals import broker, counters, flushing, wakeups
from producer.visits.visitor import OTHER, Kind

MOST_KINDS = 100_000  # of clicks, in one process: beyond it only how many there were of each link
MOST_REFERRERS = 20  # of a link in a batch
BATCH_ROWS = 5_000
WAKE_EXPIRES = 10.0
LIST = "linkmill:clicks"
PLAIN = Kind(False, OTHER, "", "")

log = structlog.get_logger()


class Key(NamedTuple):
    """As models.clicks.ClickCount, with the number of the day."""

    domain_id: int
    slug: str
    generation: int
    day: int
    bot: bool
    device: str
    country: str
    referrer: str
    job_id: int


class Batch(msgspec.Struct):
    id: str
    rows: list[tuple[Key, int]]


class Buffer:
    """What this process has counted and not yet handed over."""

    def __init__(self) -> None:
        self.lock, self.flushing = Lock(), Lock()
        self.counts: dict[Key, int] = {}
        self.unsent: list[tuple[bytes, int]] = []  # made, and not known to have arrived; each with its clicks
        self.lost = 0
        self.started = False

    def count(self, target: Target, kind: Kind) -> None:
        key = _key(target, kind)
        with self.lock:
            if key not in self.counts and len(self.counts) >= MOST_KINDS:
                key = _key(target, PLAIN)
                if len(self.counts) >= 2 * MOST_KINDS and key not in self.counts:
                    self.lost += 1
                    return
            self.counts[key] = self.counts.get(key, 0) + 1
            if not self.started:
                self.started = True
                self._start()

    def flush(self) -> bool:
        """Hands over what there is; what the broker does not take stays for the next time."""
        with self.flushing:
            self.unsent = self.unsent or [*_batches(self._take())]
            some = bool(self.unsent)
            try:
                while self.unsent:
                    _send(*self.unsent[0])
                    self.unsent.pop(0)
            except (RedisError, OSError) as error:
                log.warning("clicks_wait_for_the_broker", reason=error, kinds=len(self.counts), lost=self.lost)
                return False
        return some and wakeups.send_task("clicks", wakeups.SWEEP, expires=WAKE_EXPIRES)

    def clear(self) -> None:
        """Drop every click that is not sent yet."""
        with self.flushing, self.lock:
            self.counts = {}
            self.unsent = []
            self.lost = 0

    def _take(self) -> dict[Key, int]:
        with self.lock:
            taken, self.counts = self.counts, {}
            lost, self.lost = self.lost, 0
        if lost:
            log.error("clicks_lost", clicks=lost)
        return taken

    def _start(self) -> None:
        """At first use, so in no process that forks later. The end of a process of granian's is multiprocessing's."""
        flushing.start("clicks", self.flush)
        Finalize(None, self.flush, exitpriority=1)


buffer = process_caches.container(Buffer())


def waiting() -> str | None:
    """The oldest batch that is still to be written; raises when the broker is away."""
    found = broker.client().lindex(LIST, 0)
    return None if found is None else str(found)


def batch_count() -> int:
    """Return how many batches wait in the broker; raise when it is away."""
    return broker.queue_length(LIST)


def done(payload: str) -> None:
    broker.client().lrem(LIST, 1, payload)


def read(payload: str) -> tuple[str, list[ClickCount]]:
    batch = msgspec.json.decode(payload, type=Batch)
    return batch.id, [
        ClickCount(**key._asdict() | {"day": date.fromordinal(key.day)}, times=n) for key, n in batch.rows
    ]


def _key(target: Target, kind: Kind) -> Key:
    today = datetime.now(UTC).toordinal()
    return Key(target.domain_id, target.slug, target.generation, today, *kind, target.job_id)


def _send(payload: bytes, times: int) -> None:
    pipeline = broker.client().pipeline()
    pipeline.rpush(LIST, payload)
    pipeline.hincrby(counters.HASH, counters.REDIRECTS, times)
    pipeline.execute()


def _batches(counts: dict[Key, int]) -> Iterator[tuple[bytes, int]]:
    rows = [*_with_few_referrers(counts).items()]
    for at in range(0, len(rows), BATCH_ROWS):
        part = rows[at : at + BATCH_ROWS]
        yield msgspec.json.encode(Batch(uuid.uuid4().hex, part)), sum(times for _, times in part)


def _with_few_referrers(counts: dict[Key, int]) -> dict[Key, int]:
    """Anybody can send any Referer: one link does not make more rows of them than are of use."""
    folded: dict[Key, int] = defaultdict(int)
    seen: dict[tuple[int, str, int], set[str]] = defaultdict(set)
    for key, times in sorted(counts.items(), key=lambda item: -item[1]):
        known = seen[key[:3]]
        if len(known) < MOST_REFERRERS:
            known.add(key.referrer)
        folded[key if key.referrer in known else key._replace(referrer=OTHER)] += times
    return folded
