"""A dry run's shard: it is drafted like any other, and ends with its items alone."""

from models.jobs import items, jobs, leases
from models.jobs.jobs import Results
from producer import completion
from producer.signals.counters import ITEMS
from producer.unit_of_work import unit_of_work
from workers.shards import columns
from workers.shards.draft import Draft


def commit(draft: Draft) -> dict[str, int]:
    """Write a draft's items and counts."""
    claim = draft.claim
    item_columns = columns.item_columns(draft)
    with unit_of_work() as unit:
        leases.finish(unit.db, claim)
        items.write(unit.db, item_columns, len(draft.result_rows))
        results = Results(created=draft.new_count, existing=len(draft.existing), failures=draft.failures)
        jobs.record(unit.db, claim.job_id, results)
        unit.wake_next(claim.job_id)
        for status, count in draft.counts.items():
            unit.count(ITEMS, completion.DRY_RUN, status, times=count)
    _finish(draft)
    return draft.counts


def _finish(draft: Draft) -> None:
    # In a transaction of its own: to search a large file for duplicates may outlast the last shard's lease.
    with unit_of_work() as unit:
        if not completion.finish(unit, draft.claim.job_id, draft.claim.run):
            unit.publish_progress(draft.claim.job_id)
