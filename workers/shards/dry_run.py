"""A dry run's shard: it is drafted like any other, and ends with its items alone."""

from models.jobs import items, jobs, leases
from producer import completion
from producer.unit_of_work import unit_of_work
from workers.shards import columns
from workers.shards.draft import Draft


def commit(draft: Draft) -> dict[str, int]:
    """Write a draft's items and counts."""
    claim = draft.claim
    item_columns = columns.item_columns(draft)
    results = draft.results
    with unit_of_work() as unit:
        leases.finish(unit.db, claim)
        items.write(unit.db, item_columns, len(draft.result_rows))
        jobs.record(unit.db, claim.job_id, results)
        unit.wake_next(claim.job_id)
        completion.count_items(unit, completion.DRY_RUN, results)
    _finish(draft)
    return {"created": results.created, "existing": results.existing, "failed": results.failed}


def _finish(draft: Draft) -> None:
    # In a transaction of its own: to search a large file for duplicates may outlast the last shard's lease.
    with unit_of_work() as unit:
        if not completion.finish(unit, draft.claim.job_id, draft.claim.run):
            unit.publish_progress(draft.claim.job_id)
