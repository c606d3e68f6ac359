"""Update: the links that a shard's rows name get the values that the rows have."""

from typing import Any

from models import store
from models.accounts import workspaces
from models.errors import DuplicateKey
from models.jobs import items, leases
from models.jobs.jobs import Job
from models.jobs.leases import Claim
from models.links import labels
from producer import completion
from producer.intake.batch import Batch
from producer.job_options import Groups
from producer.rules.changes import JudgedChanges
from producer.signals import wakeups
from producer.unit_of_work import unit_of_work
from workers.shards import passwords, shard_rows
from workers.shards.changes import decisions, earlier_rows, outcome, writing
from workers.shards.changes.facts import read_facts
from workers.shards.changes.shard import find_links, judge_rows
from workers.shards.time_budget import OutOfTime, TimeBudget

ROUNDS = 5  # further ones when others take a slug or external id in the meantime, before it is left to another attempt


def update(claim: Claim, job: Job) -> dict[str, Any]:
    """Change the links that the rows of a shard name."""
    try:
        counts = _update_in_time(claim, job, TimeBudget(claim))
    except OutOfTime:
        return shard_rows.hand_over(claim)
    if job.queue == wakeups.BULK:
        store.pause_bulk_writer()
    return counts


def _update_in_time(claim: Claim, job: Job, budget: TimeBudget) -> dict[str, int]:
    rows = shard_rows.read(claim, job)
    settled_rows = shard_rows.settled(claim)
    judged = prepare(claim, job, rows, settled_rows, budget)
    for _ in range(ROUNDS):
        try:
            return _commit(claim, job, rows, judged, settled_rows)
        except DuplicateKey:
            budget.check()
    return _commit(claim, job, rows, judged, settled_rows)


def prepare(claim: Claim, job: Job, rows: Batch, settled_rows: frozenset[int], budget: TimeBudget) -> JudgedChanges:
    """Judge rows, and create what their links need: hashes of passwords, tags and groups."""
    judged = judge_rows(claim, job, rows)
    budget.check()
    if claim.queue == wakeups.INTERACTIVE and not job.dry_run and passwords.are_slow(judged):
        raise OutOfTime
    if not job.dry_run:
        passwords.hash_all(claim, judged, settled_rows, budget)
        _ensure_tags(job, judged)
    _resolve_new_groups(job, judged)
    return judged


def _ensure_tags(job: Job, judged: JudgedChanges) -> None:
    names: set[str] = set()
    for field in ("tags", "add_tags"):
        for tags in judged.columns.get(field, ()):
            if isinstance(tags, list):
                names.update(tags)
    if names:
        with store.write() as db:
            labels.ensure(db, labels.TAGS, job.workspace_id, names)


def _resolve_new_groups(job: Job, judged: JudgedChanges) -> None:
    """Put numbers in place of the names of groups, where the job creates those that do not exist yet."""
    names = judged.columns.get("group")
    if names is None or job.options.get("groups") != Groups.CREATE:
        return
    needed = {name for row, name in enumerate(names) if isinstance(name, str) and row not in judged.problems}
    with store.read() if job.dry_run else store.write() as db:
        if job.dry_run:
            ids = labels.ids_by_name(db, labels.GROUPS, job.workspace_id, sorted(needed))
        else:
            ids = labels.ensure(db, labels.GROUPS, job.workspace_id, needed)
    judged.columns["group"] = [ids.get(name, name) if isinstance(name, str) else name for name in names]


def _commit(claim: Claim, job: Job, rows: Batch, judged: JudgedChanges, settled_rows: frozenset[int]) -> dict[str, int]:
    with unit_of_work(bulk=claim.queue == wakeups.BULK) as unit:
        leases.finish(unit.db, claim)
        terms = workspaces.terms(unit.db, job.workspace_id)
        links = find_links(unit.db, job, judged, decisions.columns_to_read(judged, terms.reuses))
        facts = read_facts(unit.db, job, judged, links)
        if job.dry_run:
            earlier_rows.apply(unit.db, claim, job, links)
        result = decisions.decide(job, judged, settled_rows, links, facts)
        if not job.dry_run:
            writing.write(unit, job, judged, links, terms.reuses)
        item_columns = outcome.item_columns(claim, job, rows, judged, result, settled_rows)
        items.write(unit.db, item_columns, len(item_columns["status"]))
        results = result.results
        completion.record(unit, claim, results)
    return results.logged()
