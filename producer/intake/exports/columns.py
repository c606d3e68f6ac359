"""What the columns of a file stand for once their values have been looked at, and not only their names."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from producer.intake.exports.likely_columns import leave_out_unlikely
from producer.intake.exports.short_links import Rows, find_short_links
from producer.intake.headers import ColumnMapping, normalised

SECOND_NAMES = {"expires_at": "autodeletedate"}
"""A column that counts where the field's own is empty: BL.INK has a date to archive a link and one to delete it."""


class ColumnMeaning(NamedTuple):
    mapping: dict[str, int]
    """Item field to the place of its column."""
    fallback: dict[str, int]
    """The place of the column that is read where a field's own is empty."""
    slugs_from: list[str]
    """The hosts of whole short links."""


def look_at_values(
    columns: Sequence[str], rows: Rows, mapped: Mapping[str, int], chosen: ColumnMapping
) -> ColumnMeaning:
    """`mapped`: what the names say; `chosen`: what the client says, which is left as it is."""
    mapping = dict(mapped)
    links = find_short_links(columns, rows, mapping, chosen)
    if links.places:
        mapping = _with_short_links(mapping, links.places[0], chosen)
    mapping = leave_out_unlikely(columns, rows, mapping, chosen)
    fallback = _second_columns(columns, mapping, chosen)
    if len(links.places) > 1:
        fallback["short_url"] = links.places[1]
    return ColumnMeaning(mapping, fallback, links.hosts)


def _with_short_links(mapping: dict[str, int], place: int, chosen: ColumnMapping) -> dict[str, int]:
    kept = {name: own for name, own in mapping.items() if own != place or name not in ("slug", "short_url")}
    if "domain" not in chosen:
        kept.pop("domain", None)  # it is the old host, which the short link has too
    return {**kept, "short_url": place}


def _second_columns(columns: Sequence[str], mapping: Mapping[str, int], chosen: ColumnMapping) -> dict[str, int]:
    names = list(map(normalised, columns))
    places = {}
    for field, name in SECOND_NAMES.items():
        if field in mapping and field not in chosen and name in names and names.index(name) != mapping[field]:
            places[field] = names.index(name)
    return places
