"""The rows of a shard as they were sent: read from the upload, completed by the defaults of the job."""

from typing import Any

from sqlalchemy.exc import DBAPIError

from models import store
from models.accounts import domains
from models.accounts.domains import Domain
from models.errors import Unavailable
from models.jobs import items, leases
from models.jobs.jobs import Job
from models.jobs.leases import Claim
from producer.intake import upload_store
from producer.intake.batch import Batch, ItemProblem
from producer.intake.layouts import Layout
from producer.intake.reading import read_batch
from producer.rules import defaults, short_urls
from producer.signals import wakeups
from producer.unit_of_work import unit_of_work

INTERNAL_ERROR = ItemProblem("INTERNAL", "This row could not be processed: there was an internal error, three times.")


def read(claim: Claim, job: Job) -> Batch:
    """Read the rows of a shard from its upload, with the defaults of the job."""
    try:
        return _read_upload(claim, job)
    except (DBAPIError, Unavailable):
        raise
    except Exception:
        if claim.attempts <= leases.MAX_ATTEMPTS:
            raise
        return _unread_row(claim)


def _unread_row(claim: Claim) -> Batch:
    """A row that cannot even be read: it is alone in its shard by now, and it has to end."""
    return Batch(claim.rows, [claim.line + claim.skip], {"url": [None]}, {}, raw=lambda _place: {})


def _read_upload(claim: Claim, job: Job) -> Batch:
    layout = Layout.load(job.layout)
    data = upload_store.read(job.upload, claim.offset, claim.length)
    rows = read_batch(data, layout, claim.line, claim.skip, claim.rows)
    rows = short_urls.with_slugs(rows, domains_of(job, rows))
    rows = defaults.with_values(rows, job.options.get("set") or {})
    job_defaults = job.options.get("defaults")
    if not job_defaults:
        return rows
    return defaults.fill(rows, job_defaults, claim.first_index)


def domains_of(job: Job, rows: Batch) -> dict[str, Domain]:
    """The workspace's domains by name, if some row may name one."""
    if not short_urls.name_domains(rows):
        return {}
    with store.read() as db:
        return domains.by_name(db, job.workspace_id)


def settled(claim: Claim) -> frozenset[int]:
    """The rows that have their result from an earlier run."""
    if claim.run == 1:
        return frozenset()
    with store.read() as db:
        indexes = items.indexes(db, claim.job_id, claim.first_index, claim.rows)
    return frozenset(index - claim.first_index for index in indexes)


def hand_over(claim: Claim) -> dict[str, Any]:
    """Leave a shard to the bulk workers, behind those of workspaces that were served longer ago."""
    with unit_of_work() as unit:
        leases.hand_over(unit.db, claim, wakeups.BULK)
        unit.wake_next(claim.job_id)
    if claim.queue == wakeups.BULK:
        store.pause_bulk_writer()
    return {"handed_over": True}
