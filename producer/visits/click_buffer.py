"""Clicks: counted in this process, and sent to the workers in batches about once a second; a redirect never waits.

Each batch has an id of its own, so a batch that is sent twice counts once.
"""

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime
from multiprocessing.util import Finalize
from operator import attrgetter
from threading import Lock
from typing import NamedTuple

import msgspec
import structlog
from redis.exceptions import RedisError

from models import process_caches
from models.clicks.click_counts import ClickCount
from models.links.lookup import Target
from producer.signals import broker, counters, flushing, wakeups
from producer.visits.visitor import OTHER, VisitorKind

MAX_KINDS = 100_000  # of clicks, in one process; above it, clicks of a link are counted without their details
MAX_REFERRERS = 20  # of one link in one batch
BATCH_ROWS = 5_000
WAKE_UP_EXPIRES = 10.0
BATCHES_KEY = "linkmill:clicks"
LINK_OF = attrgetter("domain_id", "slug", "generation")
WITHOUT_DETAILS = VisitorKind(False, OTHER, "", "")

log = structlog.get_logger()


class ClickKey(NamedTuple):
    """What clicks are counted by: as in models.clicks.ClickCount, with the number of the day."""

    domain_id: int
    slug: str
    generation: int
    day: int
    bot: bool
    device: str
    country: str
    referrer: str
    job_id: int


class ClickBatch(msgspec.Struct):
    id: str
    rows: list[tuple[ClickKey, int]]


class EncodedBatch(NamedTuple):
    payload: bytes
    clicks: int


class ClickBuffer:
    """What this process has counted and not sent yet."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.flush_lock = Lock()
        self.counts: dict[ClickKey, int] = {}
        self.unsent: list[EncodedBatch] = []  # batches that may not have arrived
        self.lost = 0
        self.is_flushing = False

    def count(self, target: Target, kind: VisitorKind) -> None:
        """Count a click. A full buffer drops details first, and then clicks of further links."""
        key = click_key(target, kind)
        with self.lock:
            if key not in self.counts and len(self.counts) >= MAX_KINDS:
                key = click_key(target, WITHOUT_DETAILS)
                if key not in self.counts and len(self.counts) >= 2 * MAX_KINDS:
                    self.lost += 1
                    return
            self.counts[key] = self.counts.get(key, 0) + 1
            if not self.is_flushing:
                self.is_flushing = True
                self._start_flushing()

    def flush(self) -> bool:
        """Send every click and wake a worker; keep what the broker does not accept. Return whether one was woken."""
        with self.flush_lock:
            if not self.unsent:
                self.unsent = list(encode_batches(self._take()))
            if not self.unsent:
                return False
            try:
                self._send_batches()
            except (RedisError, OSError) as error:
                log.warning("clicks_not_sent", reason=error, kinds=len(self.counts), lost=self.lost)
                return False
        return wakeups.send_task("clicks", wakeups.SWEEP, expires=WAKE_UP_EXPIRES)

    def clear(self) -> None:
        """Drop every click that is not sent yet."""
        with self.flush_lock, self.lock:
            self.counts = {}
            self.unsent = []
            self.lost = 0

    def _send_batches(self) -> None:
        """Send batch by batch. A batch stays until its arrival is certain, and keeps its id when it is sent again."""
        while self.unsent:
            _send(self.unsent[0])
            self.unsent.pop(0)

    def _take(self) -> dict[ClickKey, int]:
        with self.lock:
            counts = self.counts
            lost = self.lost
            self.counts = {}
            self.lost = 0
        if lost:
            log.error("clicks_lost", clicks=lost)
        return counts

    def _start_flushing(self) -> None:
        """Start at the first click, so never in a process that forks later.

        granian's workers end as processes of multiprocessing do, which run finalizers and no atexit functions.
        """
        flushing.start("clicks", self.flush)
        Finalize(None, self.flush, exitpriority=1)


buffer = process_caches.container(ClickBuffer())


def oldest_batch() -> str | None:
    """Return the oldest batch that waits to be written; raise when the broker is away."""
    payload = broker.client().lindex(BATCHES_KEY, 0)
    return None if payload is None else str(payload)


def batch_count() -> int:
    """Return how many batches wait in the broker; raise when it is away."""
    return int(broker.client().llen(BATCHES_KEY))


def remove_batch(payload: str) -> None:
    broker.client().lrem(BATCHES_KEY, 1, payload)


def decode_batch(payload: str) -> tuple[str, list[ClickCount]]:
    """Return a batch's id and its rows."""
    batch = msgspec.json.decode(payload, type=ClickBatch)
    rows = []
    for key, times in batch.rows:
        rows.append(ClickCount._make((*key[:3], date.fromordinal(key.day), *key[4:], times)))
    return batch.id, rows


def encode_batches(counts: dict[ClickKey, int]) -> Iterator[EncodedBatch]:
    rows = list(_limit_referrers(counts).items())
    for start in range(0, len(rows), BATCH_ROWS):
        part = rows[start : start + BATCH_ROWS]
        batch = ClickBatch(uuid.uuid4().hex, part)
        yield EncodedBatch(msgspec.json.encode(batch), sum(times for _, times in part))


def click_key(target: Target, kind: VisitorKind) -> ClickKey:
    today = datetime.now(UTC).toordinal()
    return ClickKey(target.domain_id, target.slug, target.generation, today, *kind, target.job_id)


def _send(batch: EncodedBatch) -> None:
    pipeline = broker.client().pipeline()
    pipeline.rpush(BATCHES_KEY, batch.payload)
    pipeline.hincrby(counters.HASH, counters.REDIRECTS, batch.clicks)
    pipeline.execute()


def _limit_referrers(counts: dict[ClickKey, int]) -> dict[ClickKey, int]:
    """Count a link's rare referrers as one. Anyone can send any Referer, and each would be a row of its own."""
    if not _has_crowded_link(counts):
        return counts
    limited: dict[ClickKey, int] = defaultdict(int)
    referrers: dict[tuple[int, str, int], set[str]] = defaultdict(set)
    for key, times in sorted(counts.items(), key=lambda item: -item[1]):
        of_link = referrers[key.domain_id, key.slug, key.generation]
        if len(of_link) < MAX_REFERRERS:
            of_link.add(key.referrer)
        if key.referrer not in of_link:
            key = key._replace(referrer=OTHER)
        limited[key] += times
    return limited


def _has_crowded_link(counts: dict[ClickKey, int]) -> bool:
    """Whether a link may have too many referrers. Redirects wait for this thread, and nearly always none has."""
    kinds = Counter(map(LINK_OF, counts))
    return max(kinds.values(), default=0) > MAX_REFERRERS
