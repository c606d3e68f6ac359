"""Create: a shard's rows become links and items, all in the one transaction that ends the shard."""

from dataclasses import replace
from typing import Any

from models import store
from models.accounts import plans
from models.accounts.plans import Plan
from models.errors import DuplicateKey
from models.jobs import items, jobs, leases
from models.jobs.jobs import Job
from models.jobs.leases import Claim
from models.links import labels, links, slugs, tagging, title_queue, url_index
from producer import completion
from producer.intake.batch import Batch
from producer.job_options import Groups, judging_context
from producer.rules.changes import JudgedChanges
from producer.rules.judging import JudgedBatch, judge
from producer.signals import wakeups
from producer.unit_of_work import unit_of_work
from workers.shards import columns, dry_run, own_domains, passwords, quota, reuse, shard_rows, slug_pool
from workers.shards.changes import update, upsert
from workers.shards.draft import Draft, make_draft, read_facts, tag_names
from workers.shards.own_domains import SlugDomain
from workers.shards.time_budget import OutOfTime, TimeBudget

SLOW_TAGS = 1_000  # different ones: some 100 ms when none of them exists yet
ROUNDS = 5  # further drafts of a shard whose slugs others take in the meantime, before it is left to another attempt


def create(claim: Claim, job: Job) -> dict[str, Any]:
    """Judge the rows of a shard and write their links and items."""
    if reuse.reuses_links(job) and not reuse.index_existing_links(claim):
        return shard_rows.hand_over(claim)
    try:
        counts = _create_in_time(claim, job, TimeBudget(claim))
    except OutOfTime:
        return shard_rows.hand_over(claim)
    except quota.MustWait:
        return _postpone(claim)
    if job.queue == wakeups.BULK:
        store.pause_bulk_writer()
    return counts


def _create_in_time(claim: Claim, job: Job, budget: TimeBudget) -> dict[str, int]:
    rows = shard_rows.read(claim, job)
    budget.check()
    judged = _judge(claim, job, rows)
    if claim.queue == wakeups.INTERACTIVE and not job.dry_run and _is_slow(judged):
        raise OutOfTime
    settled_rows = shard_rows.settled(claim)
    if not job.dry_run:
        passwords.hash_all(claim, judged, settled_rows, budget)
    changes = update.prepare(claim, job, rows, settled_rows, budget) if upsert.changes_existing(job) else None
    return _draft_and_write(claim, job, rows, judged, settled_rows, changes, budget)


def _judge(claim: Claim, job: Job, rows: Batch) -> JudgedBatch:
    if claim.attempts > leases.MAX_ATTEMPTS:  # the shard was halved until this row was alone, and it failed again
        return JudgedBatch({"url": [None] * rows.rows}, dict.fromkeys(range(rows.rows), shard_rows.INTERNAL_ERROR))
    groups: dict[str, int] = {}
    if any(rows.columns.get("group", ())):
        with store.read() as db:
            groups = labels.group_ids(db, job.workspace_id)
    return judge(rows, judging_context(job, groups, job.options, shard_rows.domains_of(job, rows)))


def _is_slow(judged: JudgedBatch) -> bool:
    """Whether few rows take so long that those who wait for links at once should not wait behind them."""
    return passwords.are_slow(judged) or len(tag_names(judged)) > SLOW_TAGS


def _postpone(claim: Claim) -> dict[str, Any]:
    with unit_of_work() as unit:
        # With the job locked, no earlier shard can end unseen, which would leave nobody to wake a worker for this one.
        jobs.lock(unit.db, claim.job_id)
        leases.postpone(unit.db, claim)
        unit.wake_next(claim.job_id)
    return {"postponed": True}


def _draft_and_write(
    claim: Claim,
    job: Job,
    rows: Batch,
    judged: JudgedBatch,
    settled_rows: frozenset[int],
    changes: JudgedChanges | None,
    budget: TimeBudget,
) -> dict[str, int]:
    """Draft and write a shard, and again when one of its slugs or external ids was in use.

    Where all rows create a link, the database says so itself, so nothing is looked up before the first attempt.
    """
    commit = dry_run.commit if job.dry_run else _commit
    budget.check()
    # A group is only created for a new link, so here too it has to be known before which ones are new.
    look_up = bool(judged.problems or job.dry_run or job.options.get("groups") == Groups.CREATE)
    look_up = look_up or changes is not None
    draft = _draft(claim, job, rows, judged, settled_rows, look_up)
    if draft.problems and not look_up:
        draft = _draft(draft.claim, job, rows, judged, settled_rows)
    for _ in range(ROUNDS):
        try:
            return commit(draft, changes)
        except DuplicateKey:
            budget.check()
            draft = _draft(draft.claim, job, rows, judged, settled_rows, check_automatic=True)
    return commit(draft, changes)


def _draft(
    claim: Claim,
    job: Job,
    rows: Batch,
    judged: JudgedBatch,
    settled_rows: frozenset[int],
    look_up: bool = True,
    check_automatic: bool = False,
) -> Draft:
    """Draft a shard. Whether its automatic slugs are free is only asked for after a collision: there is hardly any."""
    writes_tags = "tags" in judged.columns and not job.dry_run
    with store.write() if writes_tags else store.read() as db:
        facts = read_facts(db, job, judged, look_up)
        if upsert.changes_existing(job):
            facts = replace(facts, own_links=upsert.find_own_links(db, job, judged))
        if job.dry_run:
            facts = dry_run.add_earlier_rows(db, claim, judged, facts)
    reuse.release_ended(facts.urls)
    draft = make_draft(claim, job, rows, judged, facts, settled_rows)
    claim, room = _reserve(draft, plans.of(facts.plan))
    if room is not None and room < draft.new_count:
        draft = make_draft(claim, job, rows, judged, facts, settled_rows, room)
    draft.claim = claim
    if job.dry_run:
        return draft
    for domain in own_domains.domains_of(job, draft.own_domains):
        _fill_slugs(draft, domain, facts.reserved_slugs, check_automatic)
    if job.options.get("groups") == Groups.CREATE:
        _create_groups(draft)
    return draft


def _reserve(draft: Draft, plan: Plan) -> tuple[Claim, int | None]:
    """Reserve the links of a draft; return how many of them there may be, None without a limit."""
    claim = draft.claim
    if not plan.limited:
        return claim, None
    if draft.job.dry_run:
        return claim, dry_run.room(claim, plan, draft.new_count)
    claim = quota.reserve(claim, plan, draft.new_count)
    return claim, claim.granted


def _fill_slugs(draft: Draft, domain: SlugDomain, reserved_slugs: frozenset[str], check_automatic: bool) -> None:
    """Give automatic slugs to the new rows on a domain that lack one."""
    while slug_count := draft.count_missing_slugs(domain.id):
        automatic_slugs = _take_slugs(draft.job, domain, slug_count)
        unusable = reserved_slugs.union(draft.slugs)
        if check_automatic:
            with store.read() as db:
                unusable |= links.used_slugs(db, domain.id, automatic_slugs)
        if not unusable.isdisjoint(automatic_slugs):
            automatic_slugs = [slug for slug in automatic_slugs if slug not in unusable]
        draft.fill_slugs(automatic_slugs, domain.id)


def _create_groups(draft: Draft) -> None:
    """Put numbers in place of the names of groups. Those that a new link needs and nobody has made yet are created."""
    names = draft.columns.get("group")
    if not names:
        return
    needed = {names[row] for row in draft.new_rows if names[row]}
    with store.write() as db:
        ids = labels.ensure(db, labels.GROUPS, draft.job.workspace_id, needed)
    draft.columns = draft.columns | {"group": [ids.get(name) for name in names]}


def _take_slugs(job: Job, domain: SlugDomain, count: int) -> list[str]:
    shortest = job.options.get("slug_length", slugs.SHORTEST)
    alphabet = slugs.alphabet_of(domain.case_sensitive)
    return slug_pool.automatic_slugs().take(domain.id, shortest, count, alphabet)


def _commit(draft: Draft, changes: JudgedChanges | None) -> dict[str, int]:
    """Write everything that a draft holds. All of it is serialised before the transaction begins.

    `changes`: what rows do to a link that is there already, if they change it.
    """
    claim = draft.claim
    job = draft.job
    whole_draft = draft
    if changes is not None:
        draft = draft.without_existing()
    link_columns = columns.link_columns(draft)
    item_batches = columns.item_batches(draft)
    tag_columns = columns.tag_columns(draft)
    untitled = columns.untitled_columns(draft) if job.options.get("fetch_titles") else {}
    results = draft.results
    urls = reuse.index_columns(draft.urls, job, draft.new_rows, draft.slugs, draft.generation, draft.own_domains)
    is_bulk = claim.queue == wakeups.BULK
    with unit_of_work(durable=not is_bulk, bulk=is_bulk) as unit:
        # First the shard, so that a worker that lost its lease writes nothing; last the job's row, which all share.
        leases.finish(unit.db, claim)
        for url_columns in urls:
            url_index.write(unit.db, url_columns, len(url_columns["hash"]))
        links.write(unit.db, link_columns, draft.new_count)
        if tag_columns:
            tagging.write(unit.db, tag_columns, len(tag_columns["slug"]))
        for item_columns in item_batches:
            items.write(unit.db, item_columns, len(item_columns["index"]))
        if untitled:
            title_queue.add(unit.db, untitled, len(untitled["slug"]))
            unit.send("titles", wakeups.TITLES)
        if changes is not None:
            results = upsert.write(unit, whole_draft, changes, results)
        is_over = completion.record(unit, claim, results, may_end=not is_bulk)
        quota.give_back_unused(unit.db, draft)
    if is_bulk and is_over:
        completion.finish_alone(claim)
    return results.logged()
