"""The sweep: finds what a lost message, a dead worker or a broker's restart left behind, and sets it going again."""

from typing import Any

import structlog
from redis.exceptions import RedisError

from models import deliveries, jobs, shards, store, untitled
from producer import broker, ending, queue
from workers import attempts

CALLS = 8  # webhooks at once, where there are so many
CALL_EXPIRES = 10.0  # seconds: the next sweep asks again

log = structlog.get_logger()


def sweep() -> dict[str, Any]:
    """Every step is harmless when another sweep does the same at the same time."""
    return {"taken_over": take_over(), "woken": wake(), "ended": end(), "due": outside()}


def take_over() -> int:
    """Frees shards whose lease ran out, and ends whatever their owner may still hold in the database."""
    with store.read() as db:
        late = shards.expired(db)
        for _, owner in late:
            store.dialect().evict(db, owner)
    for claim, owner in late:
        log.warning("lease_ran_out", job=claim.job_id, shard=claim.first_index, attempt=claim.attempts, owner=owner)
        attempts.give_up(claim)
    return len(late)


def wake() -> int:
    """Wakes for shards that nobody has been woken for in a while."""
    _forget_lost()
    with store.read() as db:
        waiting = shards.waiting(db)
    for job_id in waiting:
        queue.wake_next(job_id)
    return len(waiting)


def end() -> int:
    """Ends jobs that are complete."""
    with store.read() as db:
        complete = jobs.complete(db)
    for job in complete:
        with store.write() as db:
            ended = ending.finish(db, job.id, job.run)
        if ended:
            ending.announce(ended)
    return len(complete)


def outside() -> int:
    """Wakes for webhooks that are due and titles that are wanted."""
    with store.write() as db:
        untitled.give_up(db)
    with store.read() as db:
        webhooks, titles = deliveries.due(db, CALLS), untitled.waiting(db)
    for _ in range(webhooks):
        queue.send("deliver", queue.DELIVER, expires=CALL_EXPIRES)
    if titles:
        queue.send("titles", queue.TITLES, expires=CALL_EXPIRES)
    return webhooks + titles


def _forget_lost() -> None:
    """Wake-ups that the broker lost are sent again at once, however often they were sent before."""
    try:
        drained = [name for name in (queue.BULK, queue.INTERACTIVE) if broker.drained(name)]
    except (RedisError, OSError):
        return
    for name in drained:
        with store.write() as db:
            shards.unsend(db, name)
