"""The sweep: finds what a lost message, a dead worker or a broker's restart left behind, and sets it going again."""

from collections.abc import Callable
from functools import partial
from typing import Any

import structlog
from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError

from models import store
from models.jobs import dispatch, idempotency, jobs, leases, retention
from models.links import title_queue
from models.webhooks import deliveries
from producer import completion
from producer.signals import broker, counters, wakeups
from producer.unit_of_work import unit_of_work
from workers.chores import clearing, clicks
from workers.shards import failed_attempts

PATIENCE = 1.0
CALLS = 8  # webhooks at once, where there are so many
CALL_EXPIRES = 10.0  # seconds: the next sweep asks again
CLEAR_EXPIRES = 60.0  # it has no hurry, and may stand behind a long queue

log = structlog.get_logger()


def sweep() -> dict[str, Any]:
    """Every step is harmless when another sweep does the same at the same time."""
    found = {"taken_over": take_over(), "woken": wake(), "ended": end(), "due": outside()}
    counters.add(counters.SWEEPS)
    for action, times in found.items():
        counters.add(counters.ACTIONS, action, times=times)
    return found | {"clicks": count(), "clear": clear_away(), "keys": forget_keys()}


def take_over() -> int:
    """Frees shards whose lease ran out, and ends whatever their owner may still hold in the database."""
    with store.read() as db:
        late = leases.expired(db)
        for _, owner in late:
            store.dialect().evict(db, owner)
    for claim, owner in late:
        log.warning("lease_ran_out", job=claim.job_id, shard=claim.first_index, attempt=claim.attempts, owner=owner)
        if not _had_the_lock(partial(failed_attempts.give_up, claim, PATIENCE)):
            break
    return len(late)


def wake() -> int:
    """Wakes for shards that nobody has been woken for in a while."""
    if not _had_the_lock(_forget_lost):
        return 0
    with store.read() as db:
        waiting = dispatch.jobs_to_wake(db)
    for job_id in waiting:
        with unit_of_work() as unit:
            unit.wake_next(job_id)
    return len(waiting)


def end() -> int:
    """Ends jobs that are complete."""
    with store.read() as db:
        complete = jobs.list_finishable(db)
    for job in complete:
        with unit_of_work() as unit:
            if jobs.try_lock(unit.db, job.id):
                completion.finish(unit, job.id, job.run)
    return len(complete)


def outside() -> int:
    """Wakes for webhooks that are due and titles that are wanted."""
    with store.read() as db:
        webhooks, titles = deliveries.count_due(db, CALLS), title_queue.has_free(db)
    for _ in range(webhooks):
        wakeups.send_task("deliver", wakeups.DELIVER, expires=CALL_EXPIRES)
    if titles:
        wakeups.send_task("titles", wakeups.TITLES, expires=CALL_EXPIRES)
    return webhooks + titles


def count() -> bool:
    """Wakes for clicks that nobody was woken for."""
    some = clicks.some_wait()
    if some:
        wakeups.send_task("clicks", wakeups.SWEEP, expires=CALL_EXPIRES)
    _had_the_lock(partial(clicks.forget_batches, PATIENCE))
    return some


def clear_away() -> bool:
    """Wakes for what jobs leave behind that are over or forgotten."""
    with store.read() as db:
        some = retention.has_work(db, clearing.before())
    if some:
        wakeups.send_task("clear", wakeups.BULK, expires=CLEAR_EXPIRES)
    return some


def forget_keys() -> bool:
    """Clears idempotency keys that nobody is held to any more."""
    with store.read() as db:
        some = idempotency.has_outdated(db)
    return some and _had_the_lock(_clear_keys)


def _clear_keys() -> None:
    with store.write(PATIENCE) as db:
        idempotency.delete_outdated(db)


def _forget_lost() -> None:
    """Wake-ups that the broker lost are sent again at once, however often they were sent before."""
    drained = _drained()
    with store.write(PATIENCE) as db:
        for name in drained:
            dispatch.reset_lost(db, name)


def _had_the_lock(write: Callable[[], None]) -> bool:
    """False when somebody holds the lock of all writers: who waits for it here takes nothing over from him."""
    try:
        write()
    except DBAPIError as error:
        if not store.dialect().passing(error):
            raise
        return False
    return True


def _drained() -> list[str]:
    try:
        return [name for name in (wakeups.BULK, wakeups.INTERACTIVE) if broker.is_empty(name)]
    except (RedisError, OSError):
        return []
