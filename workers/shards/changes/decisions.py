"""Decisions: what each row of a shard changes about its link, one row after the other."""

from collections.abc import Mapping
from typing import Any

from models.jobs.jobs import Job
from models.links import url_index
from models.states import ItemStatus
from producer.fields.item_fields import COLUMNS
from producer.rules.changes import KEEP, JudgedChanges
from workers.shards.changes import outcome, special_fields
from workers.shards.changes.facts import Facts
from workers.shards.changes.outcome import NO_LINK, Changes, Outcome
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
    return sorted(columns)


def decide(job: Job, judged: JudgedChanges, settled_rows: frozenset[int], links: WorkingLinks, facts: Facts) -> Outcome:
    """Decide row after row, as a loop over single links would: a row finds what earlier rows have made of its link."""
    result = outcome.new_outcome(judged, settled_rows)
    plain_fields: list[PlainField] = []
    special = special_fields.SpecialFields(job, judged, links, facts)
    for field, values in judged.columns.items():
        if field in COLUMNS and field not in special.names:
            plain_fields.append((field, COLUMNS[field], values))
    for row, name in enumerate(judged.names):
        if row in result.problems or row in settled_rows:
            continue
        link = links.find(name)
        if link is None:
            result.problems[row] = NO_LINK
            continue
        if row in judged.expected and not _is_as_expected(link, judged.expected[row]):
            _enter(result, row, link, EXISTING)
            continue
        new_values = {} if not special.names else special.new_values(row, link)
        if not isinstance(new_values, dict):
            result.problems[row] = new_values
            continue
        for field, column, values in plain_fields:
            value = values[row]
            if value is not KEEP and value != link.values[column]:
                new_values[field] = value
        if new_values:
            result.changes[row] = _change(link, new_values, special)
        _enter(result, row, link, UPDATED if new_values else EXISTING)
    return result


def _enter(result: Outcome, row: int, link: WorkingLink, status: str) -> None:
    result.statuses[row] = status
    result.links[row] = link
    result.slugs[row] = link.slug


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


def _change(link: WorkingLink, new_values: dict[str, Any], special: special_fields.SpecialFields) -> Changes:
    """Give a link its new values; return what changes."""
    link.is_changed = True
    changes: Changes = {}
    for field, value in new_values.items():
        if field in special.changed_names:
            changes |= special.change(link, field, value)
        else:
            column = COLUMNS[field]
            changes[field] = [link.values[column], value]
            link.values[column] = value
    return changes
