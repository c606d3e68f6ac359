"""Undo: deletes those links of a range of a job that were never clicked."""

import json
import time
from datetime import UTC, datetime
from typing import Any

from models import store
from models.accounts import quotas
from models.jobs import items, leases
from models.jobs.jobs import Job, Results
from models.jobs.leases import Claim
from models.links import unclicked
from models.states import ItemStatus
from models.store import Columns
from producer import completion
from producer.signals import wakeups
from producer.unit_of_work import unit_of_work
from workers.chores import clicks

BUFFERED_SECONDS = 2.0  # by then web processes have sent every click that came before the undo


def undo(claim: Claim, job: Job) -> dict[str, Any]:
    """Delete the links of a range, once all clicks that came before the undo are counted."""
    age = (datetime.now(UTC) - job.created_at).total_seconds()
    time.sleep(max(0.0, BUFFERED_SECONDS - age))
    clicks.drain()
    counts = _delete_links(claim, job)
    if job.queue == wakeups.BULK:
        store.pause_bulk_writer()
    return counts


def _delete_links(claim: Claim, job: Job) -> dict[str, int]:
    assert job.of_job_id is not None
    with unit_of_work() as unit:
        leases.finish(unit.db, claim)
        created = items.created_in_range(unit.db, job.of_job_id, job.domain_id, claim.first_index, claim.rows)
        slugs = items.created_slugs(job.of_job_id, claim.first_index, claim.rows)
        removal = unclicked.remove(unit.db, job.domain_id, job.of_job_id, slugs)
        results = Results(
            deleted=len(created) - len(removal.kept_slugs),
            existing=len(removal.kept_slugs),
        )
        items.write(unit.db, _item_columns(job, created, removal.kept_slugs), len(created))
        completion.record(unit, claim, results)
        quotas.free(unit.db, job.workspace_id, removal.deleted)
    return {"deleted": results.deleted, "existing": results.existing}


def _item_columns(job: Job, created: list[Any], kept_slugs: set[str]) -> Columns:
    statuses = []
    for item in created:
        statuses.append(ItemStatus.EXISTING if item.slug in kept_slugs else ItemStatus.DELETED)
    return {
        "job_id": job.id,
        "index": [item.at for item in created],
        "line": [item.line for item in created],
        "status": statuses,
        "slug": [item.slug for item in created],
        "generation": [item.generation for item in created],
        "external_id": [item.external_id for item in created],
        "custom_id": [item.custom_id for item in created],
        "input": [json.dumps({"url": item.url}) for item in created],  # the link cannot be asked any more
    }
