"""Undo of what deleted links: they come back with id, tags and clicks, where slug and external id are free."""

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from models.accounts import domains, plans, quotas, workspaces
from models.accounts.quotas import Period
from models.jobs import item_changes
from models.jobs.item_changes import ChangedItem
from models.jobs.jobs import Job, Results
from models.link_key import LinkName
from models.links import links
from models.links.bulk import deleted_links, side_tables
from models.links.bulk.deleted_links import DeletedLink
from models.states import ItemStatus
from models.store import Columns, Connection
from producer.intake.batch import ItemProblem
from producer.unit_of_work import UnitOfWork
from workers.shards.changes.special_fields import TAKEN_ID
from workers.shards.draft import LIMIT_REACHED
from workers.shards.undo.undone_range import UndonePart, UndoneRange

SLUG_TAKEN = ItemProblem("SLUG_TAKEN", "Another link has this slug by now.")
NO_DOMAIN = ItemProblem("UNKNOWN_DOMAIN", "This workspace no longer has the domain of this link.")

Outcomes = Mapping[int, ItemProblem | None]
"""By index of the item: why its link cannot come back, None for one that does."""


def undo(unit: UnitOfWork, job: Job, undone: UndoneRange) -> UndonePart:
    """Bring back the links that a range of items deleted. An item whose link is back already is `existing`."""
    items = item_changes.in_range(unit.db, *undone, ItemStatus.DELETED)
    if not items:
        return UndonePart({"status": []}, Results())
    deleted = deleted_links.in_range(unit.db, *undone)
    outcomes = _decide(unit.db, job, deleted)
    back = [link for link in deleted if outcomes[link.item_index] is None]
    terms = workspaces.terms(unit.db, job.workspace_id)
    deleted_links.bring_back(unit.db, job.workspace_id, back, terms.reuses)
    unit.announce_change(link.key.name for link in back)
    return UndonePart(_item_columns(job, items, deleted, outcomes), _results(items, outcomes))


def _decide(db: Connection, job: Job, deleted: list[DeletedLink]) -> Outcomes:
    own_domains = {domain.id for domain in domains.by_name(db, job.workspace_id).values()}
    keys = [link.key for link in deleted]
    taken: set[LinkName] = set()
    for domain_id, slugs in side_tables.slugs_by_domain(keys).items():
        taken.update((domain_id, slug) for slug in links.used_slugs(db, domain_id, slugs))
    external_ids = [link.external_id for link in deleted if link.external_id]
    taken_ids = set(links.by_external_id(db, job.workspace_id, external_ids))
    room = _room(db, job.workspace_id, len(deleted))
    outcomes: dict[int, ItemProblem | None] = {}
    for link in sorted(deleted, key=lambda link: link.item_index):
        problem = _problem(link, own_domains, taken, taken_ids)
        if problem is None and room <= 0:
            problem = LIMIT_REACHED
        if problem is None:
            room -= 1
            taken.add(link.key.name)
            if link.external_id:
                taken_ids.add(link.external_id)
        outcomes[link.item_index] = problem
    return outcomes


def _problem(link: DeletedLink, own_domains: Any, taken: Any, taken_ids: Any) -> ItemProblem | None:
    if link.domain_id not in own_domains:
        return NO_DOMAIN
    if link.key.name in taken:
        return SLUG_TAKEN
    return TAKEN_ID if link.external_id in taken_ids else None


def _room(db: Connection, workspace_id: int, wanted: int) -> int:
    """How many links the plan's total still allows. The hour and the day do not count links that come back.

    Nothing is reserved: two undos at the same time may exceed the total by the links of a shard.
    """
    plan = plans.of(workspaces.terms(db, workspace_id).plan)
    if not plan.total_links:
        return wanted
    return plan.total_links - quotas.usage(db, workspace_id, plan)[Period.TOTAL]


def _results(items: list[ChangedItem], outcomes: Outcomes) -> Results:
    failures = Counter(problem.code for problem in outcomes.values() if problem)
    created = len(outcomes) - failures.total()
    return Results(created=created, existing=len(items) - len(outcomes), failures=failures)


def _item_columns(job: Job, items: list[ChangedItem], deleted: list[DeletedLink], outcomes: Outcomes) -> Columns:
    urls = {link.item_index: link.url for link in deleted}
    rows = [_item(job, item, outcomes, urls) for item in items]
    return {"job_id": job.id} | {name: [row[name] for row in rows] for name in rows[0]}


def _item(job: Job, item: ChangedItem, outcomes: Outcomes, urls: Mapping[int, str]) -> dict[str, Any]:
    problem = outcomes.get(item.at)
    status = ItemStatus.CREATED if item.at in outcomes else ItemStatus.EXISTING
    link: dict[str, Any] = {"slug": item.slug, "generation": item.generation, "domain_id": item.domain_id}
    error = dict.fromkeys(("error_code", "error_message", "input"))
    if problem:
        status = ItemStatus.FAILED
        link = dict.fromkeys(link)
        error = {"error_code": problem.code, "error_message": problem.message, "input": _input(item, urls)}
    own = {"index": item.at, "line": item.line, "external_id": item.external_id, "custom_id": item.custom_id}
    return own | {"status": status.value} | link | error


def _input(item: ChangedItem, urls: Mapping[int, str]) -> str:
    return json.dumps({"url": urls.get(item.at), "slug": item.slug})
