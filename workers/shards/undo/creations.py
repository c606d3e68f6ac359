"""Undo of what created links: those that were never clicked are deleted."""

import json
from collections.abc import Iterable

from models.jobs import items
from models.jobs.items import CreatedItem
from models.jobs.jobs import Job, Results
from models.links.bulk import unclicked
from models.states import ItemStatus
from models.store import Columns, Connection
from producer.unit_of_work import UnitOfWork
from workers.shards.undo.undone_range import UndonePart, UndoneRange

ItemLink = tuple[int | None, str]
"""The own domain of an item and its slug."""


def undo(unit: UnitOfWork, job: Job, undone: UndoneRange) -> UndonePart:
    """Delete the links that a range of items created, except those that were clicked."""
    created = items.created_in_range(unit.db, undone.job_id, job.domain_id, undone.first, undone.rows)
    deleted, kept_links = _remove_unclicked(unit.db, job, undone, {item.domain_id for item in created})
    unit.announce_change((item.domain_id or job.domain_id, item.slug) for item in created)
    results = Results(deleted=len(created) - len(kept_links), existing=len(kept_links))
    return UndonePart(_item_columns(job, created, kept_links), results, deleted)


def _remove_unclicked(
    db: Connection, job: Job, undone: UndoneRange, own_domain_ids: Iterable[int | None]
) -> tuple[int, set[ItemLink]]:
    """Delete the unclicked links of a range, domain by domain; return how many, and those that are kept."""
    deleted = 0
    kept_links: set[ItemLink] = set()
    for own_id in own_domain_ids:
        slugs = items.created_slugs(undone.job_id, undone.first, undone.rows, own_id)
        removal = unclicked.remove(db, own_id or job.domain_id, undone.job_id, slugs)
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
