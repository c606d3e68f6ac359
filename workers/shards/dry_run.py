"""Rehearse: a dry run's shard, drafted like any other, ends with its items alone. Nothing else is written."""

from models.jobs import items, jobs, shards
from producer import completion
from producer.signals.counters import ITEMS
from producer.unit_of_work import unit_of_work
from workers.shards import columns
from workers.shards.draft import Draft


def commit(made: Draft) -> dict[str, int]:
    claim = made.claim
    of_items = columns.of_items(made)
    counts = {"created": made.made, "existing": len(made.existing), "failed": len(made.problems)}
    with unit_of_work() as unit:
        shards.settle(unit.db, claim)
        items.write(unit.db, of_items, len(made.rows))
        jobs.record(unit.db, claim.job_id, made.made, len(made.existing), made.failures)
        unit.wake_next(claim.job_id)
        for outcome, times in counts.items():
            unit.count(ITEMS, completion.DRY_RUN, outcome, times=times)
    _end(made)
    return counts


def _end(made: Draft) -> None:
    """Apart from the last shard's own end: to look through a large file for doubles may outlast its lease."""
    with unit_of_work() as unit:
        if not completion.finish(unit, made.claim.job_id, made.claim.run):
            unit.publish_progress(made.claim.job_id)
