"""Decisions: what each row of a shard changes about its link, one row after the other."""

from collections.abc import Iterable, Mapping
from typing import Any

from models.jobs.jobs import Job
from models.links import url_index
from models.links.search import unindexed
from models.states import ItemStatus
from producer.fields.item_fields import COLUMNS
from producer.intake.batch import ItemProblem
from producer.rules.changes import KEEP, JudgedChanges
from workers.shards.changes import outcome
from workers.shards.changes.facts import Facts
from workers.shards.changes.outcome import NO_LINK, Changes, Outcome
from workers.shards.changes.special_fields import SpecialFields
from workers.shards.changes.working_links import WorkingLink, WorkingLinks

UPDATED = ItemStatus.UPDATED.value
EXISTING = ItemStatus.EXISTING.value

PlainField = tuple[str, str, list[Any]]
"""An item field, its column of `links`, and its values."""


def columns_to_read(judged: JudgedChanges, reuses: bool) -> list[str]:
    """The columns of `links` that the decisions depend on. `reuses`: the URL index must follow."""
    columns = {COLUMNS[name] for name in judged.columns if name in COLUMNS}
    if reuses and not columns.isdisjoint(url_index.DEPENDS_ON):
        columns |= url_index.DEPENDS_ON
    if changes_text(judged):
        columns.add("created_at")
    return sorted(columns)


def changes_text(judged: JudgedChanges) -> bool:
    """Whether rows may change what searches depend on."""
    columns = {COLUMNS[name] for name in judged.columns if name in COLUMNS}
    return "new_slug" in judged.columns or not columns.isdisjoint(unindexed.DEPENDS_ON)


def decide(job: Job, judged: JudgedChanges, settled_rows: frozenset[int], links: WorkingLinks, facts: Facts) -> Outcome:
    """Decide row after row, as a loop over single links would: a row finds what earlier rows have made of its link."""
    result = outcome.new_outcome(judged, settled_rows)
    special = SpecialFields(job, judged, links, facts)
    plain_fields = _plain_fields(judged, special)
    for row, name in enumerate(judged.names):
        if row in result.problems or row in settled_rows:
            continue
        link = links.find(name)
        if link is None:
            result.problems[row] = NO_LINK
            continue
        changes: Changes | ItemProblem = {}
        if row not in judged.expected or _is_as_expected(link, judged.expected[row]):
            changes = _change(link, row, special, plain_fields)
        if isinstance(changes, ItemProblem):
            result.problems[row] = changes
            continue
        result.statuses[row] = UPDATED if changes else EXISTING
        result.links[row] = link
        result.slugs[row] = link.slug
        if changes:
            link.is_changed = True
            result.changes[row] = changes
    return result


def _plain_fields(judged: JudgedChanges, special: SpecialFields) -> list[PlainField]:
    plain_fields: list[PlainField] = []
    for field, values in judged.columns.items():
        if field in COLUMNS and field not in special.names:
            plain_fields.append((field, COLUMNS[field], values))
    return plain_fields


def _change(
    link: WorkingLink, row: int, special: SpecialFields, plain_fields: Iterable[PlainField]
) -> Changes | ItemProblem:
    """Give a link the values of a row. Return what changes, or why the row cannot change anything."""
    changes: Changes = {}
    if special.names:
        new_values = special.new_values(row, link)
        if isinstance(new_values, ItemProblem):
            return new_values
        for field, value in new_values.items():
            changes |= special.change(link, field, value)
    current = link.values
    for field, column, values in plain_fields:
        value = values[row]
        if value is not KEEP and value != current[column]:
            changes[field] = [current[column], value]
            current[column] = value
    return changes


def _is_as_expected(link: WorkingLink, expected: Mapping[str, Any]) -> bool:
    """Whether a link still has what an earlier job has left it with."""
    for field, value in expected.items():
        if field == "new_slug":
            current: Any = link.slug
        elif field == "tags":
            current = link.tags
        else:
            current = link.values[COLUMNS[field]]
        if current != value:
            return False
    return True
