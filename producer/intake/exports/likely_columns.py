"""Columns whose name may mean something else: they stand for a field when the values of the first rows fit."""

from collections.abc import Mapping, Sequence

from producer.fields import change_fields
from producer.fields.item_fields import ItemField
from producer.fields.item_rules import InvalidValue
from producer.intake.headers import ColumnMapping, normalised

CAUTIOUS_FIELDS = ("created_at", "clicks", "disabled", "comment")
CAUTIOUS_NAMES = ("description",)
"""`visits`, `date` or `description` may be anything in a file of one's own, and must not make its rows fail."""
FLAGS = ("true", "false")


def leave_out_unlikely(
    columns: Sequence[str], rows: Sequence[Sequence[str]], mapped: Mapping[str, int], chosen: ColumnMapping
) -> dict[str, int]:
    """Returns the mapping without columns that stand for a field by their name alone."""
    is_export = "slug" in mapped or "short_url" in mapped
    likely = {}
    for name, place in mapped.items():
        cells = [row[place] for row in rows if place < len(row) and row[place]]
        if name in chosen:
            is_likely = True
        elif _is_vague(name, columns[place]):
            is_likely = is_export and all(_fits(change_fields.BY_NAME[name], cell) for cell in cells)
        else:
            is_likely = name != "password" or not _are_flags(cells)
        if is_likely:
            likely[name] = place
    return likely


def _is_vague(field: str, column: str) -> bool:
    """Whether the column's name is an alias that may mean something else."""
    name = normalised(column)
    if field in CAUTIOUS_FIELDS:
        return name != normalised(field)
    return name in CAUTIOUS_NAMES


def _fits(field: ItemField, text: str) -> bool:
    try:
        field.rule(text)
    except InvalidValue:
        return False
    return True


def _are_flags(cells: Sequence[str]) -> bool:
    """Whether a column only says which links have a password, as Kutt's does."""
    return bool(cells) and all(cell.strip().lower() in FLAGS for cell in cells)
