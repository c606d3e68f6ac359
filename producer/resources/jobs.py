"""Jobs of a workspace: finding one, and what clients see of it."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from models import store
from models.accounts.keys import Owner
from models.clicks import click_counts
from models.errors import NotFound
from models.ids import parse_id
from models.jobs import jobs, listing, runs
from models.jobs.jobs import Job
from models.jobs.listing import JobFilter, UndoJob
from models.states import ItemStatus, JobKind
from producer import job_actions
from producer.documents import base_urls, item_pages
from producer.documents.item_document import item_document
from producer.documents.job_document import job_document
from producer.documents.link_document import job_stats_document
from producer.job_actions import Action
from producer.resources import pages
from producer.resources.pages import Page

FAILURES_READ = 500
EXAMPLES_PER_ERROR = 3


def find_job(owner: Owner, job_id: str | int) -> Job:
    """Find a job of the caller's workspace; NotFound when there is none, or it belongs to another workspace."""
    number = parse_id(job_id) if isinstance(job_id, str) else job_id
    with store.read() as db:
        job = jobs.get(db, number, owner.workspace_id)
    if job is None:
        raise NotFound("There is no such job.")
    return job


def find_readable_job(owner: Owner, job_id: str) -> Job:
    """Find a job whose upload and results are still stored; Gone when they have been cleared."""
    job = find_job(owner, job_id)
    job_actions.refuse_cleared(job)
    return job


def describe_job(job: Job) -> dict[str, Any]:
    if not job.failed:
        return job_document(job, {})
    with store.read() as db:
        return job_document(job, jobs.errors(db, job.id))


def list_jobs(owner: Owner, job_filter: JobFilter, before: int | None, limit: int) -> Page:
    """List the workspace's jobs, the newest first."""
    with store.read() as db:
        rows = listing.page(db, owner.workspace_id, job_filter, before, limit + 1)
        return pages.cut(rows, limit, lambda job: job_document(job, jobs.errors(db, job.id)))


def rename_job(job: Job, name: str) -> None:
    with store.write() as db:
        jobs.rename(db, job.id, name)


def find_undo(job: Job) -> UndoJob | None:
    """Find the job that undid this one, if any."""
    with store.read() as db:
        return listing.find_undo(db, job)


def list_items(job: Job, statuses: Sequence[str], after: int, limit: int, error_code: str = "") -> Page:
    """List a job's items in input order, from the row behind the index `after` on; of failed ones some or all."""
    rows = item_pages.page(job, statuses, after, limit + 1, error_code)
    starts = base_urls.read(job, rows)
    return pages.cut(rows, limit, lambda row: item_document(row, starts), "index")


def job_stats(job: Job, since: date = date.min) -> dict[str, Any]:
    """Count the clicks on a job's links, bots excluded; by referrer, device and country those from one day on."""
    with store.read() as db:
        return job_stats_document(click_counts.of_job(db, job.id, since))


def useful_actions(job: Job) -> set[Action]:
    """Return the actions that would change something about a job in its current state."""
    with store.read() as db:
        being_undone = runs.is_being_undone(db, job.id)
        is_undone = listing.find_undo(db, job) is not None
        errors = jobs.errors(db, job.id)
    return job_actions.useful_actions(job, being_undone, is_undone, errors)


def has_links(job: Job) -> bool:
    """Whether a job's items have links of their own: an undo and a dry run have none."""
    return job.kind == JobKind.CREATE and not job.dry_run and bool(job.created + job.existing)


def failure_examples(job: Job) -> dict[str, list[dict[str, Any]]]:
    """Return, for each error code, the first items with this error, as far as they are among the first failures."""
    if not job.failed or job.cleared_at is not None:
        return {}
    examples: dict[str, list[dict[str, Any]]] = {}
    for row in item_pages.page(job, [ItemStatus.FAILED], -1, FAILURES_READ):
        of_code = examples.setdefault(row.error_code or "", [])
        if len(of_code) < EXAMPLES_PER_ERROR:
            of_code.append(item_document(row, {}))
    return examples
