"""A dry run's shard: it is drafted knowing what earlier rows would have taken, and ends with its items alone."""

from dataclasses import replace
from typing import Any

from models import store
from models.accounts import quotas
from models.accounts.plans import Plan
from models.jobs import duplicates, items, leases, order
from models.jobs.duplicates import EarlierLink, EarlierRows
from models.jobs.leases import Claim
from models.store import Connection
from producer import completion
from producer.rules.changes import JudgedChanges
from producer.rules.judging import JudgedBatch
from producer.signals import wakeups
from producer.unit_of_work import unit_of_work
from workers.shards import columns, own_domains
from workers.shards.changes import upsert
from workers.shards.draft import Draft, Facts, values_of
from workers.shards.own_domains import SlugKey
from workers.shards.quota import MustWait
from workers.shards.reuse import ExistingLink


def add_earlier_rows(db: Connection, claim: Claim, judged: JudgedBatch, facts: Facts) -> Facts:
    """Add to the facts what earlier rows of the dry run would have taken. Only a shard that waited for some asks."""
    if claim.after_index is None:
        return facts
    earlier = EarlierRows(claim.job_id, claim.first_index)
    links_by_id = duplicates.by_external_id(db, earlier, values_of(judged, "external_id"))
    return replace(
        facts,
        taken_slugs=facts.taken_slugs | _taken_slugs(db, earlier, judged),
        by_external_id={**_as_links(links_by_id), **facts.by_external_id},
        urls=replace(facts.urls, links={**_links_by_url(db, earlier, judged, facts), **facts.urls.links}),
    )


def _taken_slugs(db: Connection, earlier: EarlierRows, judged: JudgedBatch) -> set[SlugKey]:
    slugs = judged.columns.get("slug", [])
    rows = [row for row, slug in enumerate(slugs) if slug]
    taken: set[SlugKey] = set()
    for own_id, rows_on_it in own_domains.rows_by_own_domain(judged.columns.get("domain"), rows).items():
        for slug in duplicates.taken_slugs(db, earlier, [slugs[row] for row in rows_on_it], own_id):
            taken.add((own_id, slug) if own_id else slug)
    return taken


def _links_by_url(db: Connection, earlier: EarlierRows, judged: JudgedBatch, facts: Facts) -> dict[Any, ExistingLink]:
    urls = judged.columns["url"]
    links: dict[Any, ExistingLink] = {}
    rows_by_domain = own_domains.rows_by_own_domain(judged.columns.get("domain"), facts.urls.seeking_rows)
    for own_id, rows in rows_by_domain.items():
        links_by_url = duplicates.by_url(db, earlier, {urls[row] for row in rows}, own_id)
        for url, link in _as_links(links_by_url).items():
            links[(own_id, url) if own_id else url] = link
    return links


def _as_links(links: dict[str, EarlierLink]) -> dict[str, ExistingLink]:
    return {key: (link.slug, None, link.domain_id) for key, link in links.items()}


def room(claim: Claim, plan: Plan, wanted: int) -> int:
    """How many links the shard could create within its workspace's quota; raise MustWait when that is not known yet."""
    with store.read() as db:
        available = quotas.room(db, claim.workspace_id, plan)
        if available >= claim.first_index + wanted:
            return wanted
        if order.open_before(db, claim.job_id, claim.run, claim.first_index).shards:
            raise MustWait
        return available - duplicates.count_created(db, EarlierRows(claim.job_id, claim.first_index))


def commit(draft: Draft, changes: JudgedChanges | None) -> dict[str, int]:
    """Write a draft's items and counts. `changes`: what rows would do to a link that is there already."""
    whole_draft = draft
    if changes is not None:
        draft = draft.without_existing()
    item_batches = columns.item_batches(draft)
    results = draft.results
    with unit_of_work(bulk=draft.claim.queue == wakeups.BULK) as unit:
        leases.finish(unit.db, draft.claim)
        for item_columns in item_batches:
            items.write(unit.db, item_columns, len(item_columns["index"]))
        if changes is not None:
            results = upsert.write(unit, whole_draft, changes, results)
        completion.record(unit, draft.claim, results)
    return results.logged()
