"""Earlier rows of a dry run: what they would have done to the links of a shard that waited for them."""

from typing import Any

from models.jobs import item_changes
from models.jobs.item_changes import ChangedItem
from models.jobs.jobs import Job
from models.jobs.leases import Claim
from models.states import ItemStatus
from models.store import Connection
from producer.fields.item_fields import COLUMNS
from workers.shards.changes.working_links import WorkingLink, WorkingLinks


def apply(db: Connection, claim: Claim, job: Job, links: WorkingLinks) -> None:
    """Change links as the earlier rows of the dry run would have. Only a shard that waited for some asks.

    A slug that only a row of another shard would give is not known here.
    """
    if claim.after_index is None:
        return
    slugs = [link.slug for link in links.all]
    for status in (ItemStatus.UPDATED, ItemStatus.DELETED):
        for item in item_changes.before(db, claim.job_id, claim.first_index, status, slugs):
            link = links.by_slug.get((item.domain_id or job.domain_id, item.slug))
            if link is None or link.generation != item.generation:
                continue
            if status == ItemStatus.DELETED:
                links.remove(link)
            else:
                _change(links, link, item)


def _change(links: WorkingLinks, link: WorkingLink, item: ChangedItem) -> None:
    for field, (_, value) in item.read_changes().items():
        if field == "tags":
            link.tags = value
        elif field == "external_id":
            links.change_external_id(link, value)
            link.values["external_id"] = value
        elif field in COLUMNS and COLUMNS[field] in link.values:
            link.values[COLUMNS[field]] = _stored(field, value)


def _stored(field: str, value: Any) -> Any:
    """A group is kept with its name."""
    return value[0] if field == "group" and value else value
