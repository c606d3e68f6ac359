"""Undo: a range of a job's links goes, as far as nobody has clicked them."""

import json
import time
from datetime import UTC, datetime
from typing import Any

from models import store
from models.accounts import quotas
from models.jobs import items, leases
from models.jobs.jobs import Job, Results
from models.jobs.leases import Claim
from models.jobs.states import ItemStatus
from models.links import unclicked
from producer import completion
from producer.signals import wakeups
from producer.signals.counters import ITEMS
from producer.unit_of_work import unit_of_work
from workers.chores import clicks

BUFFERED_SECONDS = 2.0  # by then every click that came before the undo was asked for has left its web process


def undo(claim: Claim, job: Job) -> dict[str, Any]:
    time.sleep(max(0.0, BUFFERED_SECONDS - (datetime.now(UTC) - job.created_at).total_seconds()))
    clicks.drain()
    done = _delete(claim, job)
    if job.queue == wakeups.BULK:
        store.rest()
    return done


def _delete(claim: Claim, job: Job) -> dict[str, Any]:
    assert job.of_job_id is not None
    with unit_of_work() as unit:
        db = unit.db
        leases.finish(db, claim)
        made = items.created_in_range(db, job.of_job_id, job.domain_id, claim.first_index, claim.rows)
        slugs = items.created_slugs(job.of_job_id, claim.first_index, claim.rows)
        removed, kept = unclicked.remove(db, job.domain_id, job.of_job_id, slugs)
        gone = len(made) - len(kept)
        items.write(db, _items(job, made, kept), len(made))
        completion.record(unit, claim, Results(deleted=gone, existing=len(kept)))
        quotas.free(db, job.workspace_id, removed)
        unit.count(ITEMS, job.kind, ItemStatus.DELETED, times=gone)
        unit.count(ITEMS, job.kind, ItemStatus.EXISTING, times=len(kept))
    return {"deleted": gone, "existing": len(kept)}


def _items(job: Job, made: list[Any], kept: set[str]) -> dict[str, Any]:
    there = [row.slug in kept for row in made]
    return {
        "job_id": job.id,
        "index": [row.at for row in made],
        "line": [row.line for row in made],
        "status": [ItemStatus.EXISTING if stays else ItemStatus.DELETED for stays in there],
        "slug": [row.slug for row in made],
        "generation": [row.generation for row in made],
        "external_id": [row.external_id for row in made],
        "input": [json.dumps({"url": row.url}) for row in made],  # the link itself cannot be asked any more
    }
