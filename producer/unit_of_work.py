"""A transaction, and what follows its commit: wake-ups, announced ends, progress and counts.

Functions that change a job register what follows from the change; a rollback drops it all.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import structlog

from models import store
from models.jobs import dispatch
from models.jobs.shards import Shard
from models.link_key import LinkName
from models.store import Connection
from producer.signals import counters, link_changes, waiting, wakeups, written

log = structlog.get_logger()


class End(NamedTuple):
    """A job that this transaction has ended."""

    job_id: int
    workspace_id: int
    counter: str
    """The counter that this end adds to."""
    deliveries: int


class UnitOfWork:
    """An open transaction and the steps to take once it is committed."""

    def __init__(self, db: Connection) -> None:
        self.db = db
        self._wakes: list[Shard | wakeups.WakeUp] = []
        self._tasks: list[tuple[str, str]] = []
        self._ends: list[End] = []
        self._progress: set[int] = set()
        self._changed_links: list[LinkName] = []
        self._counts: Counter[tuple[str, ...]] = Counter()

    def wake(self, due: Iterable[Shard | wakeups.WakeUp]) -> None:
        """Wake a worker for each of these shards, which are marked as sent already."""
        self._wakes.extend(due)

    def wake_next(self, job_id: int) -> None:
        """Mark the next shards of a job as sent, and wake workers for them: a bounded number is under way."""
        self.wake(dispatch.mark_due(self.db, job_id, wakeups.max_wake_ups()))

    def send(self, task: str, queue: str) -> None:
        """Send a task that is not about a shard."""
        self._tasks.append((task, queue))

    def send_webhooks(self) -> None:
        """Wake a worker for deliveries that were planned."""
        self.send("deliver", wakeups.DELIVER)

    def announce_end(self, end: End) -> None:
        """Signal the end of a job to those who wait for it, count it, and have its webhooks sent."""
        self._ends.append(end)
        if end.deliveries:
            self.send_webhooks()

    def publish_progress(self, job_id: int) -> None:
        """Signal that a job has changed, once a transaction. An end is such a signal too."""
        self._progress.add(job_id)

    def announce_change(self, links: Iterable[LinkName]) -> None:
        """Have every web process forget where these links led."""
        self._changed_links.extend(links)

    def count(self, name: str, *labels: str, times: int = 1) -> None:
        self._counts[name, *labels] += times

    def take_steps(self) -> None:
        """Take the steps that follow the commit, in the order in which others wait for them.

        No step may undo the commit, so none raises: the sweep makes up for what is not sent.
        """
        if self._changed_links:
            _safely(link_changes.announce, self._changed_links)
        if self._wakes:
            _safely(wakeups.wake_workers, self._wakes)
        for end in self._ends:
            _safely(written.mark, end.workspace_id)
            _safely(_announce, end)
        for task, queue in self._tasks:
            _safely(wakeups.send_task, task, queue)
        for job_id in self._progress - {end.job_id for end in self._ends}:
            _safely(waiting.announce_progress, job_id)
        for (name, *labels), times in self._counts.items():
            counters.add(name, *labels, times=times)


@contextmanager
def unit_of_work(patience: float | None = None, durable: bool = True, bulk: bool = False) -> Iterator[UnitOfWork]:
    """A transaction that changes something. Its steps are taken after the commit, and never after a rollback."""
    with store.write(patience, durable, bulk) as db:
        unit = UnitOfWork(db)
        yield unit
    unit.take_steps()


def _announce(end: End) -> None:
    waiting.announce_end(end.job_id, end.counter)
    log.info("job_ended", job=str(end.job_id), end=end.counter.split("|")[1:])


def _safely(step: Callable[..., object], *arguments: object) -> None:
    try:
        step(*arguments)
    except Exception as error:
        log.error("step_after_commit_failed", step=step.__name__, exc_info=error)
