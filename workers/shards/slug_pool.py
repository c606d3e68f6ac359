"""Stock: what a worker fetches from the database for more than one shard. To ask each time is most of a small job."""

import time
from functools import cache
from threading import Lock

from models import process_caches, store
from models.accounts import installation_secrets
from models.links import slugs
from models.links.slugs import Range

AT_ONCE = 5_000
WORDS_SECONDS = 60.0


class Slugs:
    """Automatic slugs. What is left of them when the process ends is a gap, and costs nothing."""

    def __init__(self) -> None:
        self.left: dict[tuple[int, int], list[str]] = {}
        self.lock = Lock()

    def take(self, domain_id: int, shortest: int, count: int) -> list[str]:
        """So many slugs of a domain, in byte order."""
        key = installation_secrets.known(installation_secrets.SLUG_KEY)
        if count >= AT_ONCE:
            return slugs.spell(_reserved(domain_id, shortest, count), domain_id, key)
        with self.lock:
            left = self.left.setdefault((domain_id, shortest), [])
            if len(left) < count:
                left[:] = slugs.strew(
                    _reserved(domain_id, shortest, AT_ONCE),
                    domain_id,
                    installation_secrets.known(installation_secrets.SLUG_KEY),
                )
            taken, left[-count:] = left[-count:], []
        return sorted(taken)


def _reserved(domain_id: int, shortest: int, count: int) -> list[Range]:
    with store.write() as db:
        return slugs.reserve(db, domain_id, shortest, count)


class Words:
    """Words that no link may take. They change when a version with another route is started, seldom enough."""

    def __init__(self) -> None:
        self.known = frozenset[str]()
        self.until = 0.0

    def all(self) -> frozenset[str]:
        if self.until < time.monotonic():
            with store.read() as db:
                self.known, self.until = slugs.reserved(db), time.monotonic() + WORDS_SECONDS
        return self.known


@process_caches.function
@cache
def automatic() -> Slugs:
    return Slugs()


@process_caches.function
@cache
def reserved() -> Words:
    return Words()
