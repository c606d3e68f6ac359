"""Reuse: rows whose URL already has a link get that one, and new links are indexed by their URL."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from models import store
from models.jobs import leases
from models.jobs.jobs import Job
from models.jobs.leases import Claim
from models.links import url_backfill, url_index
from models.links.url_index import Duplicates, IndexedLink
from models.store import Columns, Connection
from producer.fields.item_rules import stored_time
from producer.rules.judging import JudgedBatch
from producer.signals import wakeups
from workers.shards import own_domains
from workers.shards.own_domains import OwnDomains

PRIVATE_FIELDS = ("password", "max_clicks", "disabled")  # a link that has one of these is not for other rows
INTERACTIVE_BATCH = 1_000  # links to index while others wait: some 20 ms
OWN_LINK_FIELDS = ("slug", "expires_at")  # a row with one of these wants a new link, which later rows may share

ExistingLink = tuple[str | None, int | None, int | None]
"""The slug and generation of a link, and its domain if that is not the job's.

A link that a dry run would create has no generation, and may have no slug yet.
"""


@dataclass(frozen=True, slots=True)
class UrlFacts:
    """What the index says about a shard's URLs. Empty for a workspace that never reused any."""

    hashes: Mapping[int, int] = field(default_factory=dict)
    """Rows whose link others may share, each with the hash of its URL."""
    seeking_rows: Collection[int] = ()
    """Those of them that take an existing link if there is one."""
    links: Mapping[Any, ExistingLink] = field(default_factory=dict)
    """The existing links of these URLs, as own_domains.keys has them."""
    primary_hashes: Collection[tuple[int, int]] = ()
    """Domains and hashes under which some URL has its primary link."""
    ended_links: Sequence[IndexedLink] = ()
    """Primary links that no row may get any more: they have ended."""

    @property
    def rows_may_share(self) -> bool:
        """Whether some row may get an existing link, or one that another row creates."""
        if not self.seeking_rows:
            return False
        return bool(self.links) or len(set(self.hashes.values())) < len(self.hashes)


NO_URLS = UrlFacts()


def reuses_links(job: Job) -> bool:
    return bool(job.options.get("duplicates") == Duplicates.REUSE)


def index_existing_links(claim: Claim) -> bool:
    """Index a batch of the links that a workspace had before its first reuse; return whether all are indexed now.

    One batch, so that the shards of other workspaces go on. The caller hands the shard over when there are more.
    """
    with store.read() as db:
        if url_backfill.is_complete(db, claim.workspace_id):
            return True
    with store.write() as db:
        url_backfill.start(db, claim.workspace_id)  # committed first: from now on new links are indexed
    is_bulk = claim.queue == wakeups.BULK
    batch_size = store.dialect().shard_rows if is_bulk else INTERACTIVE_BATCH
    with store.write(bulk=is_bulk) as db:
        leases.extend(db, claim)
        return not url_backfill.step(db, claim.workspace_id, batch_size)


def read_url_facts(db: Connection, job: Job, judged: JudgedBatch) -> UrlFacts:
    """Look the URLs of a shard up. Only for a workspace whose links are indexed."""
    rows = _shareable_rows(judged)
    urls = judged.columns["url"]
    hashes = dict(zip(rows, url_index.hashes(urls[row] for row in rows), strict=True))
    if not reuses_links(job):
        return UrlFacts(hashes)
    links: dict[Any, ExistingLink] = {}
    primary_hashes: set[tuple[int, int]] = set()
    ended_links: list[IndexedLink] = []
    for entry in _read_entries(db, job, judged, hashes):
        if entry.usable and entry.url:
            key = entry.url if entry.domain_id == job.domain_id else (entry.domain_id, entry.url)
            links.setdefault(key, existing_link(job, entry.slug, entry.generation, entry.domain_id))
        if entry.rank != url_index.PRIMARY:
            continue
        if entry.usable:
            primary_hashes.add((entry.domain_id, entry.hash))
        else:
            ended_links.append(entry)
    return UrlFacts(hashes, _seeking_rows(judged, hashes), links, primary_hashes, ended_links)


def _read_entries(db: Connection, job: Job, judged: JudgedBatch, hashes: Mapping[int, int]) -> list[IndexedLink]:
    entries: list[IndexedLink] = []
    for domain_id, rows in own_domains.rows_by_domain(job, judged.columns.get("domain"), hashes).items():
        entries += url_index.find(db, job.workspace_id, domain_id, {hashes[row] for row in rows})
    return entries


def existing_link(job: Job, slug: str, generation: int, domain_id: int) -> ExistingLink:
    return slug, generation, None if domain_id == job.domain_id else domain_id


def _shareable_rows(judged: JudgedBatch) -> Sequence[int]:
    """Rows whose link others may share: not private, and not ended from the start."""
    excluded = set(judged.problems)
    for name in PRIVATE_FIELDS:
        excluded.update(row for row, value in enumerate(judged.columns.get(name, ())) if value)
    now = stored_time(datetime.now(UTC))
    excluded.update(row for row, expiry in enumerate(judged.columns.get("expires_at", ())) if expiry and expiry <= now)
    rows = range(len(judged.columns["url"]))
    if not excluded:
        return rows
    return [row for row in rows if row not in excluded]


def _seeking_rows(judged: JudgedBatch, hashes: Mapping[int, int]) -> Collection[int]:
    wanting_own: set[int] = set()
    for name in OWN_LINK_FIELDS:
        wanting_own.update(row for row, value in enumerate(judged.columns.get(name, ())) if value)
    return hashes.keys() - wanting_own if wanting_own else hashes.keys()


def release_ended(urls: UrlFacts) -> None:
    """Let URLs whose primary link has ended get another one."""
    if urls.ended_links:
        with store.write() as db:
            url_index.demote(db, urls.ended_links)


def index_columns(
    urls: UrlFacts, job: Job, rows: Sequence[int], slugs: Sequence[str], generation: int, domains: OwnDomains = None
) -> list[Columns]:
    """The index entries of new links, domain by domain: one for each URL is enough."""
    if not urls.hashes:
        return []
    slug_of_row = dict(zip(rows, slugs, strict=True))
    columns: list[Columns] = []
    # Sorted, so that no two shards lock each other's rows crosswise.
    for domain_id, rows_on_it in sorted(own_domains.rows_by_domain(job, domains, rows).items()):
        slugs_by_hash: dict[int, str] = {}
        for row in rows_on_it:
            if row in urls.hashes:
                slugs_by_hash.setdefault(urls.hashes[row], slug_of_row[row])
        if slugs_by_hash:
            columns.append(_index_columns(urls, job, domain_id, slugs_by_hash) | {"generation": generation})
    return columns


def _index_columns(urls: UrlFacts, job: Job, domain_id: int, slugs_by_hash: dict[int, str]) -> dict[str, Any]:
    hashes = sorted(slugs_by_hash)
    return {
        "workspace_id": job.workspace_id,
        "domain_id": domain_id,
        "hash": hashes,
        "rank": _ranks(urls, job, domain_id, hashes),
        "slug": [slugs_by_hash[number] for number in hashes],
    }


def _ranks(urls: UrlFacts, job: Job, domain_id: int, hashes: Sequence[int]) -> Any:
    """Primary for the first link of a URL in a job that reuses links, any other number for the rest."""
    if not reuses_links(job):
        return url_index.random_ranks(len(hashes))
    if not urls.primary_hashes:
        return url_index.PRIMARY
    ranks = []
    for number, rank in zip(hashes, url_index.random_ranks(len(hashes)), strict=True):
        ranks.append(rank if (domain_id, number) in urls.primary_hashes else url_index.PRIMARY)
    return ranks
