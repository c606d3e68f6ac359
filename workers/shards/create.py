"""Create: a shard's rows become links and items, all in the one transaction that ends the shard."""

from datetime import UTC, datetime
from typing import Any

from models import settings, store
from models.errors import Taken
from models.jobs import items, shards
from models.jobs.jobs import Job
from models.jobs.shards import Claim
from models.links import labels, links, slugs, tagging, title_queue, url_index
from producer import completion
from producer.intake import batch, upload_store
from producer.intake.batch import Batch, ItemProblem
from producer.intake.formats import Layout
from producer.rules import defaults
from producer.rules.judging import JudgedBatch, JudgingContext, judge
from producer.signals import wakeups
from producer.signals.counters import ITEMS
from producer.unit_of_work import unit_of_work
from workers.shards import columns, dry_run, passwords, quota, reuse, slug_pool
from workers.shards.draft import Draft, draft, draw

ROUNDS = 5  # how often somebody may be quicker before the shard is left for another time
BEYOND_HELP = ItemProblem("INTERNAL", "this row could not be worked on: an internal error, three times")


def create(claim: Claim, job: Job) -> dict[str, Any]:
    if reuse.asked(job):
        reuse.prepare(claim)
    read = _read(claim, job)
    judged = judge(read, _known(job, read)) if claim.attempts <= shards.TRIES else _given_up(read)
    if claim.queue == wakeups.INTERACTIVE and not job.dry_run and passwords.many(judged):
        return _handed_over(claim)
    settled = _settled(claim)
    if not job.dry_run:
        passwords.hash_all(claim, judged, settled)
    counts = _write(claim, job, read, judged, settled)
    if job.queue == wakeups.BULK:
        store.rest()
    return counts


def _known(job: Job, read: Batch) -> JudgingContext:
    groups: dict[str, int] = {}
    if any(read.columns.get("group", ())):
        with store.read() as db:
            groups = labels.group_ids(db, job.workspace_id)
    return JudgingContext(frozenset((settings.get().authority, job.hostname)), groups, datetime.now(UTC))


def _handed_over(claim: Claim) -> dict[str, Any]:
    """A shard that takes its time, though it is small: those who wait for links at once do not wait behind it."""
    with unit_of_work() as unit:
        shards.hand_over(unit.db, claim, wakeups.BULK)
        unit.wake_next(claim.job_id)
    return {"handed_over": True}


def _settled(claim: Claim) -> frozenset[int]:
    """Rows that an earlier run has seen to."""
    if claim.run == 1:
        return frozenset()
    with store.read() as db:
        return frozenset(
            at - claim.first_index for at in items.settled(db, claim.job_id, claim.first_index, claim.rows)
        )


def _read(claim: Claim, job: Job) -> Batch:
    layout = Layout.load(job.layout)
    data = upload_store.read(job.upload, claim.offset, claim.length)
    read = batch.read(data, layout, claim.line, claim.skip, claim.rows)
    given = job.options.get("defaults")
    return defaults.fill(read, given, claim.first_index) if given else read


def _given_up(read: Batch) -> JudgedBatch:
    return JudgedBatch({"url": [None] * read.rows}, dict.fromkeys(range(read.rows), BEYOND_HELP))


def _write(claim: Claim, job: Job, read: Batch, judged: JudgedBatch, settled: frozenset[int]) -> dict[str, Any]:
    """Drafts and writes, again when somebody took a slug in between; only then are automatic ones looked up too."""
    for careful in [False] + [True] * ROUNDS:
        made = _draft(claim, job, read, judged, settled, careful)
        try:
            return dry_run.commit(made) if job.dry_run else _commit(made, job)
        except Taken as error:
            last, claim = error, made.claim
    raise last


def _draft(claim: Claim, job: Job, read: Batch, judged: JudgedBatch, settled: frozenset[int], careful: bool) -> Draft:
    with store.write() if "tags" in judged.columns and not job.dry_run else store.read() as db:
        facts = draw(db, job, judged)
    reuse.let_go(facts.urls)
    made = draft(claim, job, read, judged, facts, settled)
    if job.dry_run:
        return made
    quota.hold(made, facts.plan)
    while missing := made.missing():
        spelled = _automatic(job, missing)
        unusable = facts.reserved.union(made.chosen)
        if careful:
            with store.read() as db:
                unusable |= links.used_slugs(db, job.domain_id, spelled)
        made.offer(spelled if unusable.isdisjoint(spelled) else [slug for slug in spelled if slug not in unusable])
    return made


def _automatic(job: Job, count: int) -> list[str]:
    shortest = slugs.SHORTEST_COUNTED if job.source == "rebrandly" else slugs.SHORTEST
    return slug_pool.automatic().take(job.domain_id, shortest, count)


def _commit(made: Draft, job: Job) -> dict[str, int]:
    claim = made.claim
    of_links, of_items, of_tags = columns.of_links(made), columns.of_items(made), columns.of_tags(made)
    of_untitled = columns.of_untitled(made) if job.options.get("fetch_titles") else {}
    of_urls = reuse.columns(made.urls, job, made.keep, made.chosen, made.generation) if made.urls.lending else {}
    counts = {"created": made.made, "existing": len(made.existing), "failed": len(made.problems)}
    with unit_of_work() as unit:
        db = unit.db
        shards.settle(db, claim)
        if of_urls:
            url_index.write(db, of_urls, len(of_urls["hash"]))
        links.write(db, of_links, made.made)
        if of_tags:
            tagging.write(db, of_tags, len(of_tags["slug"]))
        items.write(db, of_items, len(made.rows))
        if of_untitled:
            title_queue.add(db, of_untitled, len(of_untitled["slug"]))
            unit.send("titles", wakeups.TITLES)
        completion.record(unit, claim, made.made, len(made.existing), made.failures)
        quota.settle(db, made)
        for outcome, times in counts.items():
            unit.count(ITEMS, job.kind, outcome, times=times)
    return counts
