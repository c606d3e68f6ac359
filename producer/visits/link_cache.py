"""Links without conditions that were redirected lately: kept for a second, or a minute while the database is away."""

import time
from collections.abc import Collection
from typing import NamedTuple

from models import process_caches, store
from models.link_key import LinkName
from models.links import lookup
from models.links.lookup import Target
from models.store.joint_reads import Answer

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

    def find(self, name: LinkName) -> Target | None:
        """Find a link, which may have expired. Links with other conditions are never kept."""
        cached = self.peek(name)
        if cached is not None:
            return cached
        changes = self.changes
        target = lookup.find(*name)
        self._keep(name, target, changes)
        return target

    def find_later(self, name: LinkName, answer: Answer[Target]) -> None:
        """Find a link that is not cached, and call `answer` with it or with the database's error."""
        changes = self.changes

        def keep(target: Target | None, failure: Exception | None) -> None:
            if failure is None:
                self._keep(name, target, changes)
            answer(target, failure)

        lookup.find_later(name, keep)

    def peek(self, name: LinkName) -> Target | None:
        """Return a link that is cached."""
        cached = self.links.get(name)
        if cached is not None and cached.age < SECONDS:
            return cached.target
        return None

    def recall(self, name: LinkName) -> CachedLink | None:
        """Find a link as it was within the last minute, without the database."""
        cached = self.links.get(name)
        if cached is not None and cached.age < AWAY_SECONDS:
            return cached
        return None

    def _keep(self, name: LinkName, target: Target | None, changes: int) -> None:
        """Keep a link that was read when there had been so many changes, if it has no conditions."""
        if target is None or not target.is_unconditional:
            self.links.pop(name, None)
            return
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
