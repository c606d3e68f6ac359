"""Rows with a domain of their own, which is not that of the job: a slug is taken only on the domain of its row."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from models.accounts.domains import Domain
from models.jobs.jobs import Job

OwnDomains = Sequence[Domain | None] | None
"""The domain of each row of a shard; None for a row, or for all of them: that of the job."""

SlugKey = str | tuple[int, str]
"""A slug on the job's domain, or on another one."""


class SlugDomain(NamedTuple):
    """What automatic slugs depend on."""

    id: int
    case_sensitive: bool


def domains_of(job: Job, own_domains: OwnDomains) -> list[SlugDomain]:
    """The domains of a shard, that of the job first."""
    job_domain = SlugDomain(job.domain_id, job.case_sensitive)
    if own_domains is None:
        return [job_domain]
    others = {SlugDomain(domain.id, domain.case_sensitive) for domain in own_domains if domain}
    return [job_domain, *sorted(others)]


def rows_by_domain(job: Job, own_domains: OwnDomains, rows: Iterable[int]) -> Mapping[int, Iterable[int]]:
    """Some rows of a shard, by the domain of each."""
    by_own_domain = rows_by_own_domain(own_domains, rows)
    return {own_id or job.domain_id: rows_on_it for own_id, rows_on_it in by_own_domain.items()}


def rows_by_own_domain(own_domains: OwnDomains, rows: Iterable[int]) -> Mapping[int | None, Iterable[int]]:
    """The same, with None for the domain of the job."""
    if own_domains is None:
        return {None: rows}
    by_domain: dict[int | None, list[int]] = {}
    for row in rows:
        by_domain.setdefault(id_of(own_domains, row), []).append(row)
    return by_domain


def id_of(own_domains: OwnDomains, row: int) -> int | None:
    """The domain of a row, or None for that of the job."""
    domain = own_domains[row] if own_domains else None
    return domain.id if domain else None


def keys(texts: Sequence[Any], own_domains: OwnDomains) -> Sequence[Any]:
    """Slugs or URLs such that those of two domains differ."""
    if own_domains is None:
        return texts
    return [(domain.id, text) if domain and text else text for text, domain in zip(texts, own_domains, strict=True)]
