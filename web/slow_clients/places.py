"""How many requests may be slow at the same time: in a process, for one workspace, and for one address."""

from dataclasses import dataclass
from threading import BoundedSemaphore
from typing import NamedTuple

from flask import g, has_app_context, request

from models import process_caches
from producer.signals.places import Holder, Places

MOST_CALLS = 576
"""Requests other than redirects and health checks; the server's other threads are for those alone."""
MOST_WRITERS = 1
"""Large answers that are being computed at the same moment: more would only keep redirects from running."""


class Place(NamedTuple):
    """A place that a holder may take."""

    places: Places
    holder: Holder

    def take(self) -> bool:
        return self.places.take(self.holder)

    def give_back(self) -> None:
        self.places.give_back(self.holder)


@dataclass(frozen=True, slots=True)
class Room:
    """Places for one kind of slow work. Strangers have their own, so that they take none from those who have a key."""

    workspaces: Places
    strangers: Places

    @property
    def total(self) -> int:
        return self.workspaces.total + self.strangers.total

    def clear(self) -> None:
        self.workspaces.clear()
        self.strangers.clear()

    def choose(self) -> Place:
        """Choose a place for the current request: its workspace's, once its key is known, or its address's."""
        owner = g.get("owner") if has_app_context() else None
        if owner:
            return Place(self.workspaces, owner.workspace_id)
        return Place(self.strangers, request.remote_addr or "")


call_slots = BoundedSemaphore(MOST_CALLS)
uploads = process_caches.container(Room(Places(total=96, each=24), Places(total=96, each=16)))
"""For bodies while they are being read."""
answers = process_caches.container(Room(Places(total=32, each=8), Places(total=32, each=8)))
"""For answers too large to be handed to the kernel at once. Streams of events have places of their own."""
writers = BoundedSemaphore(MOST_WRITERS)
