"""Links without conditions that were redirected lately: kept for a second, or a minute while the database is away."""

import time
from collections.abc import Collection
from typing import NamedTuple

from models import process_caches, store
from models.link_key import LinkName
from models.links import lookup
from models.links.lookup import Target

SECONDS = 1.0
"""A change is announced to every process. This is how long a link may be stale if that message is lost."""
AWAY_SECONDS = 60.0
"""How long a link is remembered for the time when the database does not answer."""
MOST_LINKS = 20_000


class CachedLink(NamedTuple):
    target: Target
    read_at: float

    @property
    def age(self) -> float:
        return time.monotonic() - self.read_at


class LinkCache:
    """The cached links, and a count of the changes since the process began."""

    def __init__(self) -> None:
        self.links: dict[LinkName, CachedLink] = {}
        self.changes = 0

    def find(self, domain_id: int, slug: str) -> Target | None:
        """Find a link, which may have expired. Links with other conditions are never kept."""
        name = (domain_id, slug)
        cached = self.links.get(name)
        if cached is not None and cached.age < SECONDS:
            return cached.target
        changes = self.changes
        target = lookup.find(domain_id, slug)
        if target is not None and target.is_unconditional:
            self._keep(name, target, changes)
        else:
            self.links.pop(name, None)
        return target

    def recall(self, domain_id: int, slug: str) -> CachedLink | None:
        """Find a link as it was within the last minute, without the database."""
        cached = self.links.get((domain_id, slug))
        if cached is not None and cached.age < AWAY_SECONDS:
            return cached
        return None

    def _keep(self, name: LinkName, target: Target, changes: int) -> None:
        if len(self.links) >= MOST_LINKS:
            self.links.clear()
        self.links[name] = CachedLink(target, time.monotonic())
        # A change that came while the link was read may be newer than what was read.
        if self.changes != changes:
            self.links.pop(name, None)

    def forget(self, names: Collection[LinkName] | None) -> None:
        """Forget links that have changed; None stands for all."""
        replica = store.replica()
        if replica:
            replica.expect_change()
        self._remove(names)

    def clear(self) -> None:
        self._remove(None)

    def _remove(self, names: Collection[LinkName] | None) -> None:
        self.changes += 1
        if names is None:
            self.links.clear()
            return
        for name in names:
            self.links.pop(name, None)


cache = process_caches.container(LinkCache())
