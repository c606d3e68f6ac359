"""The sweep: finds what a lost message, a dead worker or a broker's restart left behind, and sets it going again."""

from typing import Any

import structlog

from models import jobs, shards, store
from models.shards import Claim
from producer import queue, wait
from workers import split

log = structlog.get_logger()


def sweep() -> dict[str, Any]:
    """Every step is harmless when another sweep does the same at the same time."""
    return {"taken_over": take_over(), "woken": wake(), "ended": end()}


def take_over() -> int:
    """Frees shards whose lease ran out, and ends whatever their owner may still hold in the database."""
    with store.read() as db:
        late = shards.expired(db)
        for _, owner in late:
            store.dialect().evict(db, owner)
    for claim, owner in late:
        log.warning("lease_ran_out", job=claim.job_id, shard=claim.first_index, attempt=claim.attempts, owner=owner)
        _free(claim)
    return len(late)


def wake() -> int:
    """Wakes for shards that nobody has been woken for in a while."""
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
            ended = jobs.finish(db, job.id, job.run)
        if ended:
            wait.tell_ended(job.id)
    return len(complete)


def _free(claim: Claim) -> None:
    with store.write() as db:
        if not shards.give_up(db, claim):
            split.break_off(db, claim)
