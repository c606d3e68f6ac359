"""What a worker reads from the database for more than one shard: automatic slugs and reserved words.

Asking for them each time would be most of the work of a small job.
"""

import time
from functools import cache
from threading import Lock

from models import process_caches, store
from models.accounts import installation_secrets
from models.links import reserved_words, slugs
from models.links.slugs import SlugRange

BLOCK_SIZE = 5_000
SHARDS_AHEAD = 4  # whose slugs are reserved at once: where there is one lock, a worker does not wait for it in between
WORDS_SECONDS = 60.0


class SlugPool:
    """Automatic slugs, reserved in blocks. What remains when the process ends is a gap, and costs nothing."""

    def __init__(self) -> None:
        self.blocks: dict[tuple[int, int], list[str]] = {}
        self.ranges: dict[tuple[int, int], list[SlugRange]] = {}
        self.lock = Lock()

    def take(self, domain_id: int, shortest: int, count: int, alphabet: str = slugs.ALPHABET) -> list[str]:
        """Take so many slugs of a domain, in byte order."""
        key = installation_secrets.get(installation_secrets.SLUG_KEY)
        with self.lock:
            if count >= BLOCK_SIZE:
                ranges = self._take_ranges(domain_id, shortest, count, alphabet)
                return slugs.in_byte_order(ranges, domain_id, key, alphabet)
            block = self.blocks.setdefault((domain_id, shortest), [])
            if len(block) < count:
                ranges = _reserve(domain_id, shortest, BLOCK_SIZE, alphabet)
                block[:] = slugs.in_random_order(ranges, domain_id, key, alphabet)
            picked = block[-count:]
            del block[-count:]
        return sorted(picked)

    def _take_ranges(self, domain_id: int, shortest: int, count: int, alphabet: str) -> list[SlugRange]:
        ranges = self.ranges.get((domain_id, shortest), [])
        if sum(slug_range.size for slug_range in ranges) < count:
            ranges = _reserve(domain_id, shortest, count * SHARDS_AHEAD, alphabet)
        taken, self.ranges[domain_id, shortest] = slugs.cut(ranges, count)
        return taken


def _reserve(domain_id: int, shortest: int, count: int, alphabet: str) -> list[SlugRange]:
    # A power cut undoes the links of these slugs with it: their commits come later.
    with store.write(durable=False) as db:
        return slugs.reserve(db, domain_id, shortest, count, alphabet)


class ReservedWords:
    """Words that no link may take. They change only when a version with another route is started."""

    def __init__(self) -> None:
        self.words = frozenset[str]()
        self.valid_until = 0.0

    def read(self) -> frozenset[str]:
        if self.valid_until < time.monotonic():
            with store.read() as db:
                self.words = reserved_words.load(db)
            self.valid_until = time.monotonic() + WORDS_SECONDS
        return self.words


@process_caches.function
@cache
def automatic_slugs() -> SlugPool:
    return SlugPool()


@process_caches.function
@cache
def cached_reserved_words() -> ReservedWords:
    return ReservedWords()
