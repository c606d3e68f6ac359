"""Undo: takes back what a range of a job did to its links: created ones go, changed and deleted ones are as before."""

from typing import Any

from models import store
from models.accounts import quotas
from models.errors import DuplicateKey
from models.jobs import items, jobs, leases
from models.jobs.jobs import Job
from models.jobs.leases import Claim
from producer import completion
from producer.signals import wakeups
from producer.unit_of_work import unit_of_work
from workers.chores import clicks
from workers.shards.undo import creations, deletions, updates
from workers.shards.undo.undone_range import UndoneRange

ROUNDS = 5  # further ones when others take a slug or external id in the meantime, before it is left to another attempt


def undo(claim: Claim, job: Job) -> dict[str, Any]:
    """Undo a range, once all clicks that came before the undo are counted if they matter."""
    undone = _range_of(claim, job)
    with store.read() as db:
        undone_job = jobs.get(db, undone.job_id)
    if undone_job and undone_job.created:
        clicks.drain_earlier(job.created_at)
    updates.ensure_tags(job, undone)
    counts = _undo(claim, job, undone)
    if job.queue == wakeups.BULK:
        store.pause_bulk_writer()
    return counts


def _range_of(claim: Claim, job: Job) -> UndoneRange:
    """The items that a shard undoes. What changed links is undone from its end, so there shards count from the end."""
    assert job.of_job_id is not None
    end = job.options.get("end")
    if end is None:
        return UndoneRange(job.of_job_id, claim.first_index, claim.rows)
    return UndoneRange(job.of_job_id, end - claim.first_index - claim.rows, claim.rows)


def _undo(claim: Claim, job: Job, undone: UndoneRange) -> dict[str, int]:
    for _ in range(ROUNDS):
        try:
            return _commit(claim, job, undone)
        except DuplicateKey:
            continue
    return _commit(claim, job, undone)


def _commit(claim: Claim, job: Job, undone: UndoneRange) -> dict[str, int]:
    with unit_of_work(bulk=claim.queue == wakeups.BULK) as unit:
        leases.finish(unit.db, claim)
        updated = updates.undo(unit, claim, job, undone)
        deleted = deletions.undo(unit, job, undone)
        created = creations.undo(unit, job, undone)
        for part in (updated, deleted, created):
            items.write(unit.db, part.columns, len(part.columns["status"]))
        results = updated.results + deleted.results + created.results
        completion.record(unit, claim, results)
        quotas.free(unit.db, job.workspace_id, created.freed - deleted.results.created)
    return results.logged()
