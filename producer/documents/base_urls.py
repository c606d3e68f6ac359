"""What the short URLs of a job's items start with: that of the job's domain, or of a domain of their own."""

from collections.abc import Iterable, Mapping
from typing import Any

from models import store
from models.accounts import domains
from models.jobs.jobs import Job

BaseUrls = Mapping[int | None, str]
"""By the domain of an item. A domain that was removed is not there: none of its links exist."""


def read(job: Job, items: Iterable[Any]) -> BaseUrls:
    """The beginnings for some items of a job."""
    base_urls: dict[int | None, str] = {None: domains.base_url(job.hostname, job.is_default)}
    own_ids = {item.domain_id for item in items} - {None}
    if not own_ids:
        return base_urls
    with store.read() as db:
        for domain_id, base_url in domains.base_urls(db, own_ids).items():
            base_urls[domain_id] = base_url
    return base_urls
