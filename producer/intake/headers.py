"""Which column of a file is which item field: by the client's mapping, by the field's name, or by a common alias."""

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from models.errors import Invalid, NoUrlColumn, Unreadable, field_error
from producer.fields import change_fields, item_fields
from producer.fields.change_fields import OWN_FIELDS
from producer.fields.item_fields import ITEM_FIELDS, ItemField
from producer.fields.item_rules import add_scheme

ColumnMapping = Mapping[str, str | None]
"""The client's own choice: item field to column, or to None for no column at all."""

SHARED_COLUMNS = ("url", "slug")
"""Fields that keep the column of their name even if the client's mapping gives it to another field as well."""
SEPARATORS = re.compile(r"[\s_*-]+")
MOSTLY = 0.8  # of the cells of a column of URLs are URLs
MOST_LISTED = 20
URL = re.compile(r'\s*+"?+\s*+https?://\S', re.IGNORECASE)  # possessive: a line of blanks is read once


def normalised(name: str) -> str:
    """A name without what differs between `Long URL`, `long_url`, `long-url` and `longUrl`."""
    return SEPARATORS.sub("", name).casefold()


def _names_of(fields: Iterable[ItemField]) -> dict[str, tuple[str, ...]]:
    return {field.name: (normalised(field.name), *field.aliases) for field in fields}


NAMES_OF_FIELD = _names_of(ITEM_FIELDS)
"""A field's own name comes before its aliases."""
NAMES_OF_CHANGE_FIELD = NAMES_OF_FIELD | _names_of(OWN_FIELDS)
KNOWN_NAMES = frozenset(name for names in NAMES_OF_FIELD.values() for name in names)


def is_url(text: str, scheme: str = "") -> bool:
    """Whether a text obviously is a URL. With a scheme to add, also one that begins with a hostname."""
    if URL.match(text):
        return True
    return bool(scheme) and normalised(text) not in KNOWN_NAMES and add_scheme(text, scheme) != text


def count_known(columns: Sequence[str], mapped_columns: Collection[str | None]) -> int:
    """How many of these columns stand for a field, or are named in the client's mapping."""
    return sum(column.strip() in mapped_columns or normalised(column) in KNOWN_NAMES for column in columns)


def numbered_names(width: int) -> list[str]:
    return [f"column_{number}" for number in range(1, width + 1)]


def names_without_header(
    first_row: Sequence[str], mapping: ColumnMapping, scheme: str = "", first_url: str = "url"
) -> list[str]:
    """Names for the columns of a file without a header. Unless the mapping says otherwise, the first URL is the URL.

    `first_url`: the field that it is.
    """
    names = numbered_names(len(first_row))
    if first_url not in mapping:
        place = next((place for place, cell in enumerate(first_row) if is_url(cell, scheme)), 0)
        names[place] = first_url
    return names


def distinct_names(columns: Sequence[str]) -> list[str]:
    """The same names, with none empty and none twice."""
    names: dict[str, None] = {}
    repeats: dict[str, int] = {}
    for number, column in enumerate(columns, 1):
        name = base = column or f"column_{number}"
        while name in names:
            repeats[base] = repeats.get(base, 1) + 1
            name = f"{base}_{repeats[base]}"
        names[name] = None
    return list(names)


def check_mapping(mapping: ColumnMapping, changes: bool = False) -> None:
    known_fields = change_fields.BY_NAME if changes else item_fields.BY_NAME
    for name in mapping:
        if name not in known_fields:
            error = field_error("This is not an item field.", "mapping", name)
            raise Invalid(f"The mapping names {name!r}, which is not an item field.", [error])


def map_columns(columns: Sequence[str], mapping: ColumnMapping, changes: bool = False) -> dict[str, int]:
    """Returns item field to the place of its column. Raises Unreadable when it cannot tell."""
    names_of_field = NAMES_OF_CHANGE_FIELD if changes else NAMES_OF_FIELD
    places: dict[str, list[int]] = {}
    for place, column in enumerate(columns):
        places.setdefault(normalised(column), []).append(place)
    mapped = {}
    for field, column_name in mapping.items():
        if column_name is not None:
            mapped[field] = _place_of(columns, field, column_name)
    claimed_places = set(mapped.values())
    for field, names in names_of_field.items():
        candidates = next((places[name] for name in names if name in places), None)
        if not candidates or field in mapping:
            continue
        place = _only_place(columns, field, candidates)
        if field in SHARED_COLUMNS or place not in claimed_places:
            mapped[field] = place
    return mapped


def find_url_column(
    columns: Sequence[str], rows: Sequence[Sequence[str]], mapped: Mapping[str, int], scheme: str = ""
) -> int:
    """Returns the place of the only column, of those that stand for no field, that holds URLs."""
    places = []
    for place in range(len(columns)):
        cells = [row[place] for row in rows if len(row) == len(columns) and row[place].strip()]
        url_count = sum(is_url(cell, scheme) for cell in cells)
        if place not in mapped.values() and cells and url_count >= MOSTLY * len(cells):
            places.append(place)
    if len(places) != 1:
        raise _no_url_column(columns, places)
    return places[0]


def _no_url_column(columns: Sequence[str], places: list[int]) -> NoUrlColumn:
    if places:
        names = _listed([columns[place] for place in places])
        message = f"Several columns hold URLs: {names}. A mapping can choose one."
    else:
        names = _listed(columns)
        message = f"No column is named url, and none holds URLs. The columns are {names}. A mapping can choose one."
    return NoUrlColumn(message, [field_error(message, "mapping", "url", code=NoUrlColumn.code)])


def no_name_column(columns: Sequence[str]) -> Unreadable:
    """The error of a file whose rows name no links, though they are to change some."""
    message = (
        f"No column names the links: id, external_id, short_url or slug. The columns are {_listed(columns)}. "
        "A mapping can choose one."
    )
    return Unreadable(message, [field_error(message, "mapping", "id")])


def _listed(columns: Sequence[str]) -> str:
    return json.dumps(columns[:MOST_LISTED], ensure_ascii=False)


def _place_of(columns: Sequence[str], field: str, column: str) -> int:
    count = columns.count(column)
    if count != 1:
        message = f"The mapping of {field} needs exactly one column {column!r}, but the file has {count}."
        raise Unreadable(message, [field_error(message, "mapping", field)])
    return columns.index(column)


def _only_place(columns: Sequence[str], field: str, places: list[int]) -> int:
    if len(places) > 1:
        first, second = columns[places[0]], columns[places[1]]
        message = f"Two columns stand for {field}: {first!r} and {second!r}. A mapping can choose one."
        raise Unreadable(message, [field_error(message, "mapping", field)])
    return places[0]
