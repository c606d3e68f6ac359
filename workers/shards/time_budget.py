"""Time budget: how long a shard may keep those waiting who want a link at once. After that, bulk workers do it."""

import math
import time

from models.jobs.leases import Claim
from producer.signals import wakeups

INTERACTIVE_SECONDS = 2.0
"""Usually a small job takes some 20 ms. What is estimated to take longer is handed over before it begins."""


class OutOfTime(Exception):
    """A shard takes longer than its budget, or would take longer. Nothing of it is written yet."""


class TimeBudget:
    """The time that is left for a shard, from its claim on. In the bulk queue it never ends."""

    def __init__(self, claim: Claim) -> None:
        seconds = INTERACTIVE_SECONDS if claim.queue == wakeups.INTERACTIVE else math.inf
        self.deadline = time.monotonic() + seconds

    @property
    def remaining(self) -> float:
        return max(0.0, self.deadline - time.monotonic())

    def check(self) -> None:
        """Raise OutOfTime if no time is left."""
        if not self.remaining:
            raise OutOfTime
