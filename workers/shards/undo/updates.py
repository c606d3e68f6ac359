"""Undo of what changed links: an update with the former values, of links that still are as the job has left them."""

from typing import Any

from models import store
from models.accounts import workspaces
from models.jobs import item_changes
from models.jobs.item_changes import ChangedItem
from models.jobs.jobs import Job
from models.jobs.leases import Claim
from models.link_key import LinkKey
from models.links import labels
from models.states import ItemStatus
from models.store import Columns, Connection
from producer.intake.batch import Batch, ItemProblem
from producer.rules.changes import KEEP, JudgedChanges
from producer.unit_of_work import UnitOfWork
from workers.shards.changes import decisions, outcome, writing
from workers.shards.changes.facts import read_facts
from workers.shards.changes.shard import find_links
from workers.shards.undo.undone_range import UndonePart, UndoneRange

FIELD_OF_CHANGE = {"slug": "new_slug"}
NO_GROUP = ItemProblem("UNKNOWN_GROUP", "The group that this link had was deleted.")
NO_ROWS: frozenset[int] = frozenset()


def ensure_tags(job: Job, undone: UndoneRange) -> None:
    """Create the tags again that links had before and that were deleted since."""
    names: set[str] = set()
    with store.read() as db:
        changed_items = _read_items(db, undone)
    for item in changed_items:
        for tags in item.read_changes().get("tags", ()):
            names.update(tags)
    if names:
        with store.write() as db:
            labels.ensure(db, labels.TAGS, job.workspace_id, names)


def undo(unit: UnitOfWork, claim: Claim, job: Job, undone: UndoneRange) -> UndonePart:
    """Give links their former values, the last change first."""
    changed_items = _read_items(unit.db, undone)[::-1]
    judged = _as_rows(job, changed_items)
    _refuse_lost_groups(unit.db, job, judged)
    reuses = workspaces.terms(unit.db, job.workspace_id).reuses
    links = find_links(unit.db, job, judged, decisions.columns_to_read(judged, reuses))
    facts = read_facts(unit.db, job, judged, links)
    result = decisions.decide(job, judged, NO_ROWS, links, facts)
    writing.write(unit, job, judged, links, reuses)
    batch = Batch(len(changed_items), [item.line for item in changed_items], {}, {}, lambda _row: {})
    columns = outcome.item_columns(claim, job, batch, judged, result, NO_ROWS)
    return UndonePart({**columns, **_own_columns(changed_items)}, result.results)


def _read_items(db: Connection, undone: UndoneRange) -> list[ChangedItem]:
    return item_changes.in_range(db, *undone, ItemStatus.UPDATED)


def _as_rows(job: Job, changed_items: list[ChangedItem]) -> JudgedChanges:
    """The items as rows of an update, each with what its link must still have."""
    columns: dict[str, list[Any]] = {}
    expected: dict[int, dict[str, Any]] = {}
    names: list[LinkKey] = []
    for row, item in enumerate(changed_items):
        names.append(LinkKey(item.domain_id or job.domain_id, item.slug, item.generation))
        expected[row] = {}
        for name, (former, current) in item.read_changes().items():
            field = FIELD_OF_CHANGE.get(name, name)
            if field == "group":
                former, current = _group_id(former), _group_id(current)
            columns.setdefault(field, [KEEP] * len(changed_items))[row] = former
            expected[row][field] = current
    return JudgedChanges(columns, {}, names, expected=expected)


def _refuse_lost_groups(db: Connection, job: Job, judged: JudgedChanges) -> None:
    """A group that was deleted since does not return."""
    groups = judged.columns.get("group", [])
    ids = {group for group in groups if isinstance(group, int)}
    if not ids:
        return
    names = labels.names_by_id(db, labels.GROUPS, job.workspace_id, ids)
    for row, group in enumerate(groups):
        if isinstance(group, int) and group not in names:
            judged.problems[row] = NO_GROUP


def _group_id(stored: list[Any] | None) -> Any:
    return None if stored is None else stored[0]


def _own_columns(changed_items: list[ChangedItem]) -> Columns:
    return {
        "index": [item.at for item in changed_items],
        "external_id": [item.external_id for item in changed_items],
        "custom_id": [item.custom_id for item in changed_items],
    }
