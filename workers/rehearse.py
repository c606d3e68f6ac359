"""Rehearse: a dry run's shard, drafted like any other, ends with its items alone. Nothing else is written."""

from models import items, jobs, shards, store
from producer import ending, queue, wait
from workers import columns
from workers.draft import Draft


def commit(made: Draft) -> dict[str, int]:
    claim = made.claim
    of_items = columns.of_items(made)
    with store.write() as db:
        shards.settle(db, claim)
        items.write(db, of_items, len(made.rows))
        jobs.record(db, claim.job_id, made.made, len(made.existing), made.failures)
        due = shards.due(db, claim.job_id, queue.room())
    queue.wake(due)
    _end(made)
    return {"created": made.made, "existing": len(made.existing), "failed": len(made.problems)}


def _end(made: Draft) -> None:
    """Apart from the last shard's own end: to look through a large file for doubles may outlast its lease."""
    with store.write() as db:
        ended = ending.finish(db, made.claim.job_id, made.claim.run)
    if ended:
        ending.announce(ended)
    else:
        wait.tell_progress(made.claim.job_id)
