"""One attempt at a shard: claim it, do what its kind asks for, and record how it went."""

import time
from collections.abc import Callable
from typing import Any

from models import store
from models.accounts import quotas
from models.errors import LostLease
from models.jobs import jobs, leases, runs
from models.jobs.jobs import Job
from models.jobs.leases import Claim
from models.states import ShardKind
from producer import completion
from producer.signals import counters
from producer.telemetry import tracing
from producer.unit_of_work import unit_of_work
from workers import task_log
from workers.shards import create, failed_attempts, split
from workers.shards.changes import delete, update
from workers.shards.undo import undo

Result = dict[str, Any]

WORK: dict[ShardKind, Callable[[Claim, Job], Result]] = {
    ShardKind.SPLIT: split.split,
    ShardKind.CREATE: create.create,
    ShardKind.UPDATE: update.update,
    ShardKind.DELETE: delete.delete,
    ShardKind.UNDO: undo.undo,
}
NO_TRACE: dict[str, str] = {}  # for a shard of another job than the one that this task was sent for


def work_on_next(kind: ShardKind, queue: str, hint: tuple[int, int]) -> Result:
    """Claim the next shard of a kind, the hinted one if it is among the next, and work on it."""
    with store.write(durable=False) as db:
        claim = leases.claim(db, kind, queue, hint)
    if claim is None:
        return {"idle": True}
    task_log.name_shard(claim.job_id, claim.first_index, hinted_job=hint[0])
    shard = {"job": str(claim.job_id), "shard": claim.first_index, "rows": claim.rows}
    started = time.perf_counter()
    try:
        with tracing.span(f"{kind} shard", None if hint[0] == claim.job_id else NO_TRACE, **shard):
            result = work(claim)
    except LostLease:
        return shard | {"lost": True}
    except Exception as error:
        failed_attempts.handle(claim, error)
        raise
    counters.add_shard(kind, time.perf_counter() - started)
    return result | shard | result  # the counts come first, and the result's own rows count


def work(claim: Claim) -> Result:
    """Work on a claimed shard, unless its job has ended or was cancelled before the claim."""
    with store.read() as db:
        job = jobs.get(db, claim.job_id)
    if job is None or job.has_ended:
        return _settle_without_work(claim)
    # A split goes on: the rest of a cancelled job is counted too.
    if job.cancelled_at is not None and claim.kind != ShardKind.SPLIT:
        return _skip(claim)
    return WORK[ShardKind(claim.kind)](claim, job)


def _settle_without_work(claim: Claim) -> Result:
    with store.write() as db:
        leases.finish(db, claim)
        quotas.give_back(db, claim.workspace_id, claim.granted, claim.granted_at)
    return {"gone": True}


def _skip(claim: Claim) -> Result:
    with unit_of_work() as unit:
        runs.skip_shard(unit.db, claim)
        completion.finish(unit, claim.job_id, claim.run)
    return {"cancelled": True}
