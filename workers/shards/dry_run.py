"""Rehearse: a dry run's shard, drafted like any other, ends with its items alone. Nothing else is written."""

from models import store
from models.jobs import items, jobs, shards
from producer import completion
from producer.signals import waiting, wakeups
from workers.shards import columns
from workers.shards.draft import Draft


def commit(made: Draft) -> dict[str, int]:
    claim = made.claim
    of_items = columns.of_items(made)
    with store.write() as db:
        shards.settle(db, claim)
        items.write(db, of_items, len(made.rows))
        jobs.record(db, claim.job_id, made.made, len(made.existing), made.failures)
        due = shards.due(db, claim.job_id, wakeups.room())
    wakeups.wake(due)
    _end(made)
    return {"created": made.made, "existing": len(made.existing), "failed": len(made.problems)}


def _end(made: Draft) -> None:
    """Apart from the last shard's own end: to look through a large file for doubles may outlast its lease."""
    with store.write() as db:
        ended = completion.finish(db, made.claim.job_id, made.claim.run)
    if ended:
        completion.announce(ended)
    else:
        waiting.tell_progress(made.claim.job_id)
