"""A limited number of places in a process, of which one holder cannot take all."""

from collections import Counter
from threading import Lock

Holder = int | str
"""The id of a workspace, or the address of somebody who has shown no key yet."""


class Places:
    """Some places for slow work, and how many of them one holder may take."""

    def __init__(self, total: int, each: int) -> None:
        self.total = total
        self.each = each
        self.taken: Counter[Holder] = Counter()
        self.lock = Lock()

    def take(self, holder: Holder) -> bool:
        with self.lock:
            if self.taken.total() >= self.total or self.taken[holder] >= self.each:
                return False
            self.taken[holder] += 1
            return True

    def give_back(self, holder: Holder) -> None:
        with self.lock:
            self.taken[holder] -= 1
            if self.taken[holder] <= 0:
                del self.taken[holder]

    def clear(self) -> None:
        with self.lock:
            self.taken.clear()
