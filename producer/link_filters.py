"""Link filters: which links a list shows, from the parameters of a query."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from unicodedata import normalize

from models.accounts import domains
from models.errors import Gone
from models.ids import parse_id
from models.jobs import jobs
from models.link_key import parse_link_id
from models.links.job_links import JobLinks
from models.links.listing import LinkFilter
from models.store import Connection

MOMENTS = ("created_before", "created_after")
NO_DOMAIN = 0  # no job or domain has the id 0
NO_LINKS = JobLinks(job_id=0, domain_id=NO_DOMAIN)


def from_query(db: Connection, workspace_id: int, query: Mapping[str, Any]) -> LinkFilter:
    """The filter for some parameters of a LinkFilterSchema, also as `for_storage` returns them.

    Raise Gone when the items of its job were deleted.
    """
    conditions = dict(query)
    job_id = conditions.pop("job", None)
    domain = conditions.pop("domain", None)
    if domain:
        conditions["domain_id"] = _domain_id(db, workspace_id, domain)
    if "search" in conditions:
        conditions["search"] = normalize("NFC", conditions["search"])  # as slugs are stored
    link_ids = conditions.pop("links", None)
    if link_ids is not None:
        conditions["keys"] = [key for key in map(parse_link_id, link_ids) if key]
    for name in MOMENTS:
        if isinstance(conditions.get(name), str):
            conditions[name] = datetime.fromisoformat(conditions[name])
    job_links = None if job_id is None else _links_of_job(db, workspace_id, job_id)
    return LinkFilter(job=job_links, **conditions)


def for_storage(query: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters as they are stored with a job."""
    return {name: value.isoformat() if name in MOMENTS else value for name, value in query.items()}


def _domain_id(db: Connection, workspace_id: int, name: str) -> int:
    domain = domains.find(db, workspace_id, name)
    return domain.id if domain else NO_DOMAIN


def _links_of_job(db: Connection, workspace_id: int, job_id: str) -> JobLinks:
    job = jobs.get(db, parse_id(job_id), workspace_id)
    if job is None:
        return NO_LINKS
    if job.cleared_at is not None:
        raise Gone("This job's items were deleted, so its links can no longer be listed.")
    return JobLinks(job.id, job.domain_id)
