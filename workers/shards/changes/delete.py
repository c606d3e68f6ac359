"""Delete: the links that a shard's rows name go, and are kept for an undo."""

from typing import Any

from models import store
from models.accounts import quotas
from models.jobs import items, leases
from models.jobs.jobs import Job
from models.jobs.leases import Claim
from models.link_key import LinkKey
from models.links.bulk import deleted_links, side_tables
from models.states import ItemStatus
from models.store import Connection
from producer import completion
from producer.intake.batch import Batch
from producer.job_options import Only
from producer.rules.changes import JudgedChanges
from producer.signals import wakeups
from producer.unit_of_work import UnitOfWork, unit_of_work
from workers.chores import clicks
from workers.shards import shard_rows
from workers.shards.changes import earlier_rows, outcome
from workers.shards.changes.outcome import NO_LINK, Outcome
from workers.shards.changes.shard import find_links, judge_rows
from workers.shards.changes.working_links import WorkingLinks

DELETED = ItemStatus.DELETED.value
EXISTING = ItemStatus.EXISTING.value


def delete(claim: Claim, job: Job) -> dict[str, Any]:
    """Delete the links that the rows of a shard name."""
    if _spares_clicked(job):
        if claim.queue == wakeups.INTERACTIVE:
            return shard_rows.hand_over(claim)  # it waits for clicks first, and others must not wait with it
        clicks.drain_earlier(job.created_at)
    rows = shard_rows.read(claim, job)
    judged = judge_rows(claim, job, rows)
    settled_rows = shard_rows.settled(claim)
    counts = _commit(claim, job, rows, judged, settled_rows)
    if job.queue == wakeups.BULK:
        store.pause_bulk_writer()
    return counts


def _spares_clicked(job: Job) -> bool:
    return bool(job.options.get("only") == Only.UNCLICKED)


def _commit(claim: Claim, job: Job, rows: Batch, judged: JudgedChanges, settled_rows: frozenset[int]) -> dict[str, int]:
    with unit_of_work(bulk=claim.queue == wakeups.BULK) as unit:
        leases.finish(unit.db, claim)
        links = find_links(unit.db, job, judged, ["opening_clicks"] if _spares_clicked(job) else [])
        if job.dry_run:
            earlier_rows.apply(unit.db, claim, job, links)
        spared = _spared_links(unit.db, job, links)
        result = _decide(judged, settled_rows, links, spared)
        if not job.dry_run:
            _remove(unit, claim, result)
        item_columns = outcome.item_columns(claim, job, rows, judged, result, settled_rows)
        items.write(unit.db, item_columns, len(item_columns["status"]))
        results = result.results
        completion.record(unit, claim, results)
        if not job.dry_run:
            quotas.free(unit.db, job.workspace_id, results.deleted)
    return results.logged()


def _spared_links(db: Connection, job: Job, links: WorkingLinks) -> set[LinkKey]:
    """The links that the job does not delete, since they were clicked."""
    if not _spares_clicked(job):
        return set()
    spared = side_tables.clicked(db, [link.key for link in links.all])
    return spared | {link.key for link in links.all if link.values["opening_clicks"]}


def _decide(judged: JudgedChanges, settled_rows: frozenset[int], links: WorkingLinks, spared: set[LinkKey]) -> Outcome:
    """Decide row after row, as a loop over single links would: what an earlier row deletes, a later one cannot find."""
    result = outcome.new_outcome(judged, settled_rows)
    for row, name in enumerate(judged.names):
        if row in settled_rows or row in result.problems:
            continue
        link = links.find(name)
        if link is None:
            result.problems[row] = NO_LINK
            continue
        result.links[row] = link
        result.slugs[row] = link.slug
        if spared and link.key in spared:
            result.statuses[row] = EXISTING
        else:
            result.statuses[row] = DELETED
            links.remove(link)
    return result


def _remove(unit: UnitOfWork, claim: Claim, result: Outcome) -> None:
    indexes = []
    links = []
    for row, (status, link) in enumerate(zip(result.statuses, result.links, strict=True)):
        if link and status == DELETED:
            indexes.append(claim.first_index + row)
            links.append(link)
    keys = [link.key for link in links]
    deleted_links.move(unit.db, claim.job_id, indexes, [link.row_id for link in links], keys)
    unit.announce_change(key[:2] for key in keys)
