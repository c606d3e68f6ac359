"""Changes of many links at once: each is a job, also one of a few links that somebody has selected."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from models.accounts.keys import Owner
from models.jobs.jobs import Job
from producer import synchronous
from producer.accept import accept, query_upload
from producer.job_options import JobAction, Options
from producer.resources.jobs import find_job
from producer.signals import waiting

SOURCE = "dashboard"


@dataclass(frozen=True, slots=True)
class LinkSelection:
    """Some links by their ids, or all that match a filter."""

    link_ids: Sequence[str] = ()
    where: Mapping[str, Any] | None = None
    """The parameters of a LinksQuery. None: the ids count."""


@dataclass(frozen=True, slots=True)
class LinkChange:
    """What is done with each link."""

    action: JobAction
    fields: Mapping[str, Any] = field(default_factory=dict)
    """The new values of an update, by the names that the rows of an upload have."""


def start_change(owner: Owner, selection: LinkSelection, change: LinkChange, name: str, dry_run: bool) -> int:
    """Accept the job that changes some links, or only says what it would change; return its id."""
    options = Options(action=change.action, name=name, dry_run=dry_run)
    if selection.where is not None:
        where = dict(selection.where)
        options = Options(action=change.action, name=name, dry_run=dry_run, where=where, set=dict(change.fields))
        return accept(query_upload(SOURCE), owner, lambda: options)
    rows = [{"id": link_id} | dict(change.fields) for link_id in selection.link_ids]
    return accept(synchronous.upload_items(SOURCE, rows), owner, lambda: options)


def wait_for_job(owner: Owner, job_id: str, seconds: float) -> Job:
    """Wait a moment for a job's end; return the job as it is then."""
    job = find_job(owner, job_id)
    if job.has_ended:
        return job
    return waiting.wait_in_slot(owner.workspace_id, job.id, seconds, partial(find_job, owner, job.id))
