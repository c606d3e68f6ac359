"""A dry run's shard: it is drafted knowing what earlier rows would have taken, and ends with its items alone."""

from dataclasses import replace

from models import store
from models.accounts import quotas
from models.accounts.plans import Plan
from models.jobs import duplicates, items, leases, order
from models.jobs.duplicates import EarlierRows
from models.jobs.leases import Claim
from models.store import Connection
from producer import completion
from producer.rules.judging import JudgedBatch
from producer.unit_of_work import unit_of_work
from workers.shards import columns
from workers.shards.draft import Draft, Facts, values_of
from workers.shards.quota import MustWait
from workers.shards.reuse import ExistingLink


def add_earlier_rows(db: Connection, claim: Claim, judged: JudgedBatch, facts: Facts) -> Facts:
    """Add to the facts what earlier rows of the dry run would have taken. Only a shard that waited for some asks."""
    if claim.after_index is None:
        return facts
    earlier = EarlierRows(claim.job_id, claim.first_index)
    taken_slugs = duplicates.taken_slugs(db, earlier, values_of(judged, "slug"))
    slugs_by_id = duplicates.slugs_by_external_id(db, earlier, values_of(judged, "external_id"))
    urls = {judged.columns["url"][row] for row in facts.urls.seeking_rows}
    slugs_by_url = duplicates.slugs_by_url(db, earlier, urls)
    return replace(
        facts,
        taken_slugs=facts.taken_slugs | taken_slugs,
        by_external_id={**_as_links(slugs_by_id), **facts.by_external_id},
        urls=replace(facts.urls, links={**_as_links(slugs_by_url), **facts.urls.links}),
    )


def _as_links(slugs: dict[str, str | None]) -> dict[str, ExistingLink]:
    return {key: (slug, None) for key, slug in slugs.items()}


def room(claim: Claim, plan: Plan, wanted: int) -> int:
    """How many links the shard could create within its workspace's quota; raise MustWait when that is not known yet."""
    with store.read() as db:
        available = quotas.room(db, claim.workspace_id, plan)
        if available >= claim.first_index + wanted:
            return wanted
        if order.open_before(db, claim.job_id, claim.run, claim.first_index).shards:
            raise MustWait
        return available - duplicates.count_created(db, EarlierRows(claim.job_id, claim.first_index))


def commit(draft: Draft) -> dict[str, int]:
    """Write a draft's items and counts."""
    item_columns = columns.item_columns(draft)
    results = draft.results
    with unit_of_work() as unit:
        leases.finish(unit.db, draft.claim)
        items.write(unit.db, item_columns, len(draft.result_rows))
        completion.record(unit, draft.claim, results)
    return {"created": results.created, "existing": results.existing, "failed": results.failed}
