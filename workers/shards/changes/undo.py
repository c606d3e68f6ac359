"""Undo: deletes those links of a range of a job that were never clicked."""

import json
from collections.abc import Iterable
from typing import Any

from models import store
from models.accounts import quotas
from models.jobs import items, leases
from models.jobs.items import CreatedItem
from models.jobs.jobs import Job, Results
from models.jobs.leases import Claim
from models.links import unclicked
from models.states import ItemStatus
from models.store import Columns, Connection
from producer import completion
from producer.signals import wakeups
from producer.unit_of_work import unit_of_work
from workers.chores import clicks

ItemLink = tuple[int | None, str]
"""The own domain of an item and its slug."""


def undo(claim: Claim, job: Job) -> dict[str, Any]:
    """Delete the links of a range, once all clicks that came before the undo are counted."""
    clicks.drain_earlier(job.created_at)
    counts = _delete_links(claim, job)
    if job.queue == wakeups.BULK:
        store.pause_bulk_writer()
    return counts


def _delete_links(claim: Claim, job: Job) -> dict[str, int]:
    assert job.of_job_id is not None
    with unit_of_work() as unit:
        leases.finish(unit.db, claim)
        created = items.created_in_range(unit.db, job.of_job_id, job.domain_id, claim.first_index, claim.rows)
        deleted, kept_links = _remove_unclicked(unit.db, claim, job, {item.domain_id for item in created})
        results = Results(
            deleted=len(created) - len(kept_links),
            existing=len(kept_links),
        )
        items.write(unit.db, _item_columns(job, created, kept_links), len(created))
        completion.record(unit, claim, results)
        unit.announce_change((item.domain_id or job.domain_id, item.slug) for item in created)
        quotas.free(unit.db, job.workspace_id, deleted)
    return {"deleted": results.deleted, "existing": results.existing}


def _remove_unclicked(
    db: Connection, claim: Claim, job: Job, own_domain_ids: Iterable[int | None]
) -> tuple[int, set[ItemLink]]:
    """Delete the unclicked links of a range, domain by domain; return how many, and those that are kept."""
    assert job.of_job_id is not None
    deleted = 0
    kept_links: set[ItemLink] = set()
    for own_id in own_domain_ids:
        slugs = items.created_slugs(job.of_job_id, claim.first_index, claim.rows, own_id)
        removal = unclicked.remove(db, own_id or job.domain_id, job.of_job_id, slugs)
        deleted += removal.deleted
        kept_links.update((own_id, slug) for slug in removal.kept_slugs)
    return deleted, kept_links


def _item_columns(job: Job, created: list[CreatedItem], kept_links: set[ItemLink]) -> Columns:
    statuses = []
    for item in created:
        is_kept = (item.domain_id, item.slug) in kept_links
        statuses.append(ItemStatus.EXISTING if is_kept else ItemStatus.DELETED)
    return {
        "job_id": job.id,
        "index": [item.at for item in created],
        "line": [item.line for item in created],
        "status": statuses,
        "slug": [item.slug for item in created],
        "domain_id": [item.domain_id for item in created],
        "generation": [item.generation for item in created],
        "external_id": [item.external_id for item in created],
        "custom_id": [item.custom_id for item in created],
        "input": [json.dumps({"url": item.url}) for item in created],  # the link cannot be asked any more
    }
