"""The sweep: finds what a lost message, a dead worker or a restarted broker left behind, and sets it going again."""

from collections.abc import Callable
from functools import partial
from typing import Any

import structlog
from sqlalchemy.exc import DBAPIError

from models import store
from models.jobs import dispatch, idempotency, jobs, leases
from models.links import title_queue
from models.links.search import unindexed
from models.webhooks import deliveries
from producer import completion
from producer.signals import counters, queues, wakeups
from producer.unit_of_work import unit_of_work
from workers.chores import clearing, clicks
from workers.shards import failed_attempts

PATIENCE = 1.0  # seconds to wait for the lock of all writers, where there is one
SHARD_QUEUES = (wakeups.BULK, wakeups.INTERACTIVE)
MAX_WAKES = 200  # jobs of a queue: a transaction each
MAX_DELIVERY_TASKS = 8
MOST_WAITING = 8  # messages of a queue: more of them would wake nobody sooner
CHORE_EXPIRES = 60.0  # it is not urgent, and may wait behind a long queue

log = structlog.get_logger()


def sweep() -> dict[str, Any]:
    """Take every step. Each is harmless when another sweep takes it at the same time."""
    actions = {
        "taken_over": free_expired_leases(),
        "woken": wake_for_stale_shards(),
        "ended": finish_complete_jobs(),
        "due": wake_for_outside_calls(),
    }
    counters.add(counters.SWEEPS)
    for action, times in actions.items():
        counters.add(counters.ACTIONS, action, times=times)
    refresh_statistics()
    store.copy_log()
    wake_for_search()
    return actions | {"clicks": wake_for_clicks(), "clear": wake_for_clearing(), "keys": remove_old_keys()}


def free_expired_leases() -> int:
    """Free shards whose lease ran out, and end what their owners may still hold in the database."""
    with store.read() as db:
        expired = [(claim, owner, store.dialect().evict(db, owner)) for claim, owner in leases.expired(db)]
    for claim, owner, is_delayed in expired:
        log.warning("lease_ran_out", job=claim.job_id, shard=claim.first_index, attempt=claim.attempts, owner=owner)
        free = failed_attempts.free_delayed if is_delayed else failed_attempts.give_up
        if not _try_to_write(partial(free, claim, PATIENCE)):
            break
    return len(expired)


def wake_for_stale_shards() -> int:
    """Wake workers for the jobs of shards for which no wake-up was sent in a while."""
    if not _try_to_write(_forget_lost_wake_ups):
        return 0
    return sum(_wake_in(queue) for queue in SHARD_QUEUES)


def _wake_in(queue: str) -> int:
    """Wake for the shards of a queue, up to the number of wake-ups that the broker lacks."""
    messages = _queue_length(queue)
    with store.read() as db:
        # One more, as the messages may be for shards of another kind.
        lacking = dispatch.count_queued(db, queue) - messages + 1
        job_ids = dispatch.jobs_to_wake(db, queue, min(max(lacking, 0), MAX_WAKES))
    for job_id in job_ids:
        with unit_of_work() as unit:
            unit.wake_next(job_id)
    return len(job_ids)


def _queue_length(queue: str) -> int:
    try:
        return queues.length(queue)
    except queues.away_errors():
        return 0


def _forget_lost_wake_ups() -> None:
    """Wake-ups that the broker lost are sent again at once, however often they were sent before."""
    empty_queues = _empty_queues()
    with store.write(PATIENCE) as db:
        for queue in empty_queues:
            dispatch.reset_lost(db, queue)


def _empty_queues() -> list[str]:
    try:
        return [queue for queue in SHARD_QUEUES if queues.is_empty(queue)]
    except queues.away_errors():
        return []


def finish_complete_jobs() -> int:
    """End jobs whose rows all have results. The worker that should have ended them died before."""
    with store.read() as db:
        complete = jobs.list_finishable(db)
    for job in complete:
        with unit_of_work() as unit:
            # A job that another transaction is changing is skipped: the next sweep looks at it again.
            if jobs.try_lock(unit.db, job.id):
                completion.finish(unit, job.id, job.run)
    return len(complete)


def wake_for_outside_calls() -> int:
    """Wake workers for due webhooks and for titles to fetch."""
    with store.read() as db:
        due = deliveries.count_due(db, MAX_DELIVERY_TASKS)
        has_titles = title_queue.has_free(db)
    _wake("deliver", wakeups.DELIVER, times=due)
    _wake("titles", wakeups.TITLES, times=int(has_titles))
    return due + has_titles


def wake_for_clicks() -> bool:
    """Wake a worker for batches of clicks whose wake-up was lost."""
    has_batch = clicks.has_batch()
    _wake("clicks", wakeups.SWEEP, times=int(has_batch))
    _try_to_write(partial(clicks.remove_old_batches, PATIENCE))
    return has_batch


def _wake(task: str, queue: str, times: int) -> None:
    """Send a task, but not on top of those that nobody has taken yet.

    Messages that expire would work too, if all hosts had the same time: a worker whose clock is ahead discards them.
    """
    room = MOST_WAITING - _queue_length(queue) if times else 0
    for _ in range(min(times, room)):
        wakeups.send_task(task, queue)


def wake_for_clearing() -> bool:
    """Wake a worker for jobs that are forgotten or past their retention, and for rows of deleted workspaces."""
    with store.read() as db:
        has_work = clearing.has_work(db)
    if has_work:
        wakeups.send_task("clear", wakeups.BULK, expires=CHORE_EXPIRES)
    return has_work


def wake_for_search() -> None:
    """Wake a worker for links that the search index lacks, once the jobs have ended."""
    with store.read() as db:
        is_due = unindexed.due_workspace(db) is not None
    if is_due:
        wakeups.send_task("search", wakeups.BULK, expires=CHORE_EXPIRES)


def remove_old_keys() -> bool:
    """Remove idempotency keys that are no longer valid."""
    with store.read() as db:
        has_old = idempotency.has_outdated(db)
    return has_old and _try_to_write(_clear_keys)


def _clear_keys() -> None:
    with store.write(PATIENCE) as db:
        idempotency.delete_outdated(db)


def refresh_statistics() -> None:
    """Let the database notice tables that have grown much: its own look at them may come a minute later."""
    with store.read() as db:
        store.dialect().refresh_statistics(db)


def _try_to_write(write: Callable[[], None]) -> bool:
    """False when another process holds the lock of all writers. A sweep that waited for it would block others."""
    try:
        write()
    except DBAPIError as error:
        if not store.dialect().is_transient(error):
            raise
        return False
    return True
