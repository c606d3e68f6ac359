"""Split: cuts an upload into shards and commits them as it goes, so that other workers begin before it ends."""

import time
from functools import partial
from typing import Any

from models.accounts import quotas
from models.errors import EmptyUpload, Gone, LinkmillError, TooLarge, Unreadable
from models.jobs import jobs, leases, runs, shards
from models.jobs.jobs import Job
from models.jobs.leases import Claim
from producer import completion
from producer.accept import shard_row
from producer.intake import upload_store
from producer.intake.cutting import ShardRange
from producer.intake.layouts import Layout
from producer.job_options import judging_context
from producer.rules.keys import KeyRules
from producer.rules.order import cut_in_order
from producer.unit_of_work import unit_of_work
from workers.shards import convert

SHARDS_A_COMMIT = 8
SECONDS_A_COMMIT = 0.02  # to read the keys of shards takes longer than to cut them, and workers wait for the first ones
NO_ROWS = "The upload has no rows."


def split(claim: Claim, job: Job) -> dict[str, Any]:
    """Cut the upload of a job into shards and note how many rows it has."""
    try:
        job = convert.convert(claim, job)
        total = _cut(claim, job)
        if not total and job.options.get("where") is None:
            raise Unreadable(NO_ROWS)
    except (Unreadable, EmptyUpload, TooLarge, Gone) as error:
        return _fail_job(claim, job, error)
    with unit_of_work() as unit:
        leases.finish(unit.db, claim)
        jobs.set_total(unit.db, claim.job_id, total)
        completion.finish(unit, claim.job_id, claim.run)
    return {"rows": total}


def _cut(claim: Claim, job: Job) -> int:
    total = 0
    uncommitted: list[ShardRange] = []
    committed_at = time.monotonic()
    rules = KeyRules(Layout.load(job.layout), job.options, judging_context(job, {}, job.options))
    for shard in cut_in_order(partial(upload_store.read, job.upload), rules):
        uncommitted.append(shard)
        total += shard.rows
        is_due = time.monotonic() - committed_at > SECONDS_A_COMMIT
        if is_due or len(uncommitted) == SHARDS_A_COMMIT:
            _commit(claim, job, uncommitted)
            uncommitted = []
            committed_at = time.monotonic()
    if uncommitted:
        _commit(claim, job, uncommitted)
    return total


def _commit(claim: Claim, job: Job, new_shards: list[ShardRange]) -> None:
    job_row = {"id": job.id, "run": claim.run, "workspace_id": job.workspace_id, "queue": job.queue}
    rows = [shard_row(job_row, shard, job.kind) for shard in new_shards]
    with unit_of_work() as unit:
        leases.extend(unit.db, claim)
        # Shards come before their job's row, as in all transactions: an earlier attempt may have added them, and to add
        # one again waits for the worker that ends it, who then wants the job's row.
        shards.add(unit.db, rows)
        if jobs.lock(unit.db, job.id):
            runs.skip_queued(unit.db, job.id)
        unit.wake_next(job.id)


def _fail_job(claim: Claim, job: Job, error: LinkmillError) -> dict[str, Any]:
    """End the job as failed. Its upload is deleted, unless there are shards: their results need it."""
    with unit_of_work() as unit:
        leases.finish(unit.db, claim)
        grants = shards.discard_queued(unit.db, claim.job_id)
        completion.fail(unit, claim.job_id, claim.run, str(error))
        quotas.give_back_all(unit.db, grants)
        has_shards = bool(shards.ranges(unit.db, claim.job_id))
    if not has_shards:
        upload_store.delete(job.upload)
    return {"unreadable": str(error)}
