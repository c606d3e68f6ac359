"""Beat: sends the sweep every few seconds."""

from typing import Any

from celery.beat import Scheduler

from producer.signals import queues, wakeups

MOST_WAITING = 3  # sweeps that nobody has taken: another one would change nothing


class SweepScheduler(Scheduler):
    """Ignores times from before its start, and sends no sweep while others wait.

    Sweeps that expire would work too, if all hosts had the same time: a worker whose clock is ahead discards them.
    """

    def apply_entry(self, entry: Any, producer: Any = None) -> None:
        if _count_waiting() < MOST_WAITING:
            super().apply_entry(entry, producer)


def _count_waiting() -> int:
    try:
        return queues.length(wakeups.SWEEP)
    except queues.away_errors():
        return 0
