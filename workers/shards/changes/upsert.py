"""Upsert: rows of a job that creates links, and whose external id or slug is there already, change that link."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from models.accounts import workspaces
from models.errors import DuplicateKey
from models.jobs import items
from models.jobs.jobs import Job, Results
from models.link_key import LinkKey
from models.links.bulk import found_links
from models.links.bulk.found_links import SoughtLinks
from models.states import ItemStatus
from models.store import Connection
from producer.rules.changes import KEEP, JudgedChanges, OnExisting
from producer.rules.judging import JudgedBatch
from producer.unit_of_work import UnitOfWork
from workers.shards import own_domains
from workers.shards.changes import decisions, outcome, writing
from workers.shards.changes.facts import read_facts
from workers.shards.changes.outcome import Outcome
from workers.shards.changes.shard import find_links
from workers.shards.draft import Draft
from workers.shards.own_domains import SlugKey
from workers.shards.reuse import ExistingLink, existing_link


def changes_existing(job: Job) -> bool:
    """Whether rows of a job change the links that are there already."""
    return bool(job.options.get("on_existing") == OnExisting.UPDATE)


def find_own_links(db: Connection, job: Job, judged: JudgedBatch) -> dict[SlugKey, ExistingLink]:
    """The workspace's own links that have slugs of a shard's rows."""
    slugs = judged.columns.get("slug", [])
    rows = [row for row, slug in enumerate(slugs) if slug]
    by_domain = own_domains.rows_by_domain(job, judged.columns.get("domain"), rows)
    sought = SoughtLinks((), {domain_id: {slugs[row] for row in some} for domain_id, some in by_domain.items()})
    own_links: dict[SlugKey, ExistingLink] = {}
    for _, domain_id, slug, generation in found_links.find(db, job.workspace_id, sought, [], lock=False):
        key = slug if domain_id == job.domain_id else (domain_id, slug)
        own_links[key] = existing_link(job, slug, generation, domain_id)
    return own_links


def write(unit: UnitOfWork, draft: Draft, changes: JudgedChanges, results: Results) -> Results:
    """Change the links of the rows that have one, once the links of the other rows are created; add their results.

    Raise DuplicateKey when such a link is gone by now: then its row creates one.
    """
    job = draft.job
    if not draft.existing:
        return results
    rows = range(draft.batch.rows)
    other_rows = frozenset(row for row in rows if row not in draft.existing)
    judged = _with_names(changes, _link_keys(draft), draft)
    reuses = workspaces.terms(unit.db, job.workspace_id).reuses
    links = find_links(unit.db, job, judged, decisions.columns_to_read(judged, reuses))
    facts = read_facts(unit.db, job, judged, links)
    result = decisions.decide(job, judged, other_rows, links, facts)
    if job.dry_run:
        _count_as_updated(result)
    elif outcome.NO_LINK in result.problems.values():
        raise DuplicateKey("A link of these rows was deleted or renamed.")
    else:
        writing.write(unit, job, judged, links, reuses)
    columns = outcome.item_columns(draft.claim, job, draft.batch, judged, result, other_rows)
    items.write(unit.db, {**columns, "external_id": _external_ids(draft)}, len(columns["status"]))
    return results + result.results


def _link_keys(draft: Draft) -> dict[int, LinkKey]:
    """The link of each row that has one. Rows may name a link that an earlier one has just created."""
    slugs = dict(zip(draft.new_rows, draft.slugs, strict=True))
    keys: dict[int, LinkKey] = {}
    for row, link in draft.existing.items():
        if isinstance(link, int):
            link = (slugs[link], draft.generation, own_domains.id_of(draft.own_domains, link))
        slug, generation, domain_id = link
        keys[row] = LinkKey(domain_id or draft.job.domain_id, slug or "", generation or 0)
    return keys


def _with_names(changes: JudgedChanges, keys: Mapping[int, LinkKey], draft: Draft) -> JudgedChanges:
    """The rows that have a link, each naming it by its key."""
    columns = {name: column for name, column in changes.columns.items() if name != "external_id"}
    external_ids = draft.columns.get("external_id")
    if external_ids:
        columns["external_id"] = [external_id or KEEP for external_id in external_ids]
    problems = {row: problem for row, problem in changes.problems.items() if row in keys}
    names = [keys.get(row) for row in range(draft.batch.rows)]
    return replace(changes, columns=columns, problems=problems, names=names)


def _count_as_updated(result: Outcome) -> None:
    """In a dry run, the link that an earlier row would create does not exist."""
    for row, problem in list(result.problems.items()):
        if problem == outcome.NO_LINK:
            del result.problems[row]
            result.statuses[row] = ItemStatus.UPDATED.value


def _external_ids(draft: Draft) -> list[Any]:
    external_ids = draft.columns.get("external_id") or [None] * draft.batch.rows
    return [external_ids[row] for row in range(draft.batch.rows) if row in draft.existing]
