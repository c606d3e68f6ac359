"""Judges a batch of rows that change links that exist: what each calls its link, and what it says about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Any

from producer.fields import change_fields, item_fields
from producer.fields.item_fields import UTM
from producer.fields.item_rules import stored_time
from producer.intake.batch import Batch, ItemProblem
from producer.rules.judging import (
    JudgedBatch,
    JudgingContext,
    judge_fields,
    resolve_domains,
    resolve_groups,
    resolve_ttl,
    spell_slugs,
)
from producer.rules.link_names import NO_NAME, Name, names_of_rows
from producer.rules.utm import merge_utm

CHANGES = (*item_fields.COLUMNS, "tags", "new_slug", "add_tags", "remove_tags")
"""The fields that change something about a link. Others become a part of these, or name the link."""
ADDITIONS = ("new_slug", "add_tags", "remove_tags")
"""Those that leave a link as it is when they are empty, even if empty values clear others."""
NEVER_EMPTY = {
    "url": ItemProblem("INVALID_URL", "A link needs a URL: it cannot be cleared."),
    "created_at": ItemProblem("INVALID_TYPE", "created_at cannot be cleared."),
}


class Empty(StrEnum):
    """What an empty cell of a file does to a link."""

    KEEP = "keep"
    CLEAR = "clear"


class OnExisting(StrEnum):
    """What a row that would create a link does to the one that has its external id or slug already."""

    KEEP = "keep"
    UPDATE = "update"


class Keep(Enum):
    """The value of a field that a row leaves as it is."""

    KEEP = "keep"


KEEP = Keep.KEEP


@dataclass(frozen=True, slots=True)
class JudgedChanges(JudgedBatch):
    """`columns` has the new values: KEEP where a row changes nothing, None where it clears the field."""

    names: Sequence[Name | None] = ()
    """What each row calls its link."""
    utm: Mapping[int, Mapping[str, str | None]] = field(default_factory=dict)
    """Rows that change UTM parameters of their link's URL, and have no URL themselves."""
    expected: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    """Rows of an undo: what their links must still have, by field. A link that has something else stays as it is."""
    custom_ids: Sequence[str | None] = ()
    """What comes back with each item; empty if no row has one."""


def judge_changes(batch: Batch, context: JudgingContext, empty: str = Empty.KEEP) -> JudgedChanges:
    problems = dict(batch.problems)
    columns = judge_fields(batch, change_fields.of_kind(context.slugs), context, problems)
    resolve_domains(columns, context, problems)
    spell_slugs(columns, context.case_sensitive, problems)
    if not context.creates_groups:
        resolve_groups(columns, context.groups, problems)
    resolve_ttl(columns, context.now, problems)
    names = names_of_rows(columns, batch.rows, context.domain_id)
    _note_nameless(names, problems)
    clears = batch.typed or empty == Empty.CLEAR
    _resolve_disabled(columns, stored_time(context.now))
    utm = _utm_of_links(batch, columns, clears)
    merge_utm(columns)
    changes = _changes(batch, columns, names, clears, problems)
    if utm:
        changes.setdefault("url", [KEEP] * batch.rows)
    return JudgedChanges(changes, problems, names, utm, custom_ids=columns.get("custom_id", ()))


def _note_nameless(names: Sequence[Name | None], problems: dict[int, ItemProblem]) -> None:
    if None in names:
        for row, name in enumerate(names):
            if name is None:
                problems.setdefault(row, NO_NAME)


def _resolve_disabled(columns: dict[str, list[Any]], moment: str) -> None:
    """Put the moment in place of true. False stays, unlike the value of a row that has none."""
    values = columns.get("disabled")
    if values:
        columns["disabled"] = [moment if value else value for value in values]


def _utm_of_links(batch: Batch, columns: Mapping[str, list[Any]], clears: bool) -> dict[int, dict[str, str | None]]:
    """The UTM fields of rows without a URL: a text sets a parameter of the link's own URL, None removes it."""
    utm: dict[int, dict[str, str | None]] = {}
    for name in UTM:
        cells = batch.columns.get(name, ())
        for row, (value, cell) in enumerate(zip(columns.get(name, ()), cells, strict=True)):
            is_cleared = clears and cell == ""
            if (value or is_cleared) and not columns["url"][row]:
                utm.setdefault(row, {})[name] = value
    return utm


def _changes(
    batch: Batch,
    columns: Mapping[str, list[Any]],
    names: Sequence[Name | None],
    clears: bool,
    problems: dict[int, ItemProblem],
) -> dict[str, list[Any]]:
    changes: dict[str, list[Any]] = {}
    for name in CHANGES:
        values = columns.get(name)
        if values is None:
            continue
        cells = batch.columns.get(name) or [None] * batch.rows
        kept = _with_keep(values, cells, clears and name not in ADDITIONS)
        if name == "external_id":
            kept = [KEEP if type(own) is str else value for value, own in zip(kept, names, strict=True)]
        if name in NEVER_EMPTY and None in kept:
            _refuse_empty(name, kept, problems)
        if name == "disabled":
            kept = [None if value is False else value for value in kept]
        if any(value is not KEEP for value in kept):
            changes[name] = kept
    return changes


def _with_keep(values: Sequence[Any], cells: Sequence[Any], clears: bool) -> list[Any]:
    if not clears:
        return [KEEP if value is None else value for value in values]
    # A cell that is not there at all is None, an empty one is an empty text.
    return [KEEP if value is None and cell is None else value for value, cell in zip(values, cells, strict=True)]


def _refuse_empty(name: str, values: Sequence[Any], problems: dict[int, ItemProblem]) -> None:
    for row, value in enumerate(values):
        if value is None:
            problems.setdefault(row, NEVER_EMPTY[name])
