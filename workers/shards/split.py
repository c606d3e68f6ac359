"""Split: cuts an upload into shards, committing them as it goes, so that others begin before it is through."""

from functools import partial
from typing import Any

from models.accounts import quotas
from models.errors import EmptyUpload, LinkmillError, TooLarge, Unreadable
from models.jobs import jobs, leases, shards
from models.jobs.leases import Claim
from models.jobs.states import ShardState
from producer import completion
from producer.accept import shard_row
from producer.intake import upload_store
from producer.intake.cutting import ShardRange, cut
from producer.intake.layouts import Layout
from producer.unit_of_work import unit_of_work
from workers.shards import convert

SHARDS_A_COMMIT = 8
NO_ROWS = "The upload has no rows."


def split(claim: Claim, job: jobs.Job) -> dict[str, Any]:
    try:
        job = convert.turned(claim, job)
        total = _cut(claim, job)
    except (Unreadable, EmptyUpload, TooLarge) as error:
        return _end(claim, job, error)
    return _counted(claim, job, total)


def _cut(claim: Claim, job: jobs.Job) -> int:
    total, held = 0, []
    for shard in cut(partial(upload_store.read, job.upload), Layout.load(job.layout)):
        held.append(shard)
        total += shard.rows
        if len(held) == SHARDS_A_COMMIT:
            _commit(claim, job, held)
            held = []
    if held:
        _commit(claim, job, held)
    return total


def _commit(claim: Claim, job: jobs.Job, found: list[ShardRange]) -> None:
    row = {"id": job.id, "run": claim.run, "workspace_id": job.workspace_id, "queue": job.queue}
    with unit_of_work() as unit:
        leases.extend(unit.db, claim)
        state = {"state": ShardState.SKIPPED} if jobs.lock(unit.db, job.id) else {}
        shards.add(unit.db, [shard_row(row, shard) | state for shard in found])
        unit.wake_next(job.id)


def _counted(claim: Claim, job: jobs.Job, total: int) -> dict[str, Any]:
    if not total:
        return _end(claim, job, Unreadable(NO_ROWS))
    with unit_of_work() as unit:
        leases.finish(unit.db, claim)
        jobs.set_total(unit.db, claim.job_id, total)
        completion.finish(unit, claim.job_id, claim.run)
    return {"rows": total}


def _end(claim: Claim, job: jobs.Job, error: LinkmillError) -> dict[str, Any]:
    """The job ends as failed. Its upload goes, unless shards were made of it: their results need it."""
    with unit_of_work() as unit:
        leases.finish(unit.db, claim)
        left = shards.discard_queued(unit.db, claim.job_id)
        completion.fail(unit, claim.job_id, claim.run, str(error))
        quotas.give_back_all(unit.db, left)
        untouched = not shards.ranges(unit.db, claim.job_id)
    if untouched:
        upload_store.delete(job.upload)
    return {"unreadable": str(error)}
