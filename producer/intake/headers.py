"""Which column of a file is which item field: by a mapping, by the field's name, or by what other services call it."""

import json
import re
from collections.abc import Collection, Mapping, Sequence

from models.errors import Invalid, Unreadable, field_error
from producer.fields.item_fields import BY_NAME, ITEM_FIELDS

Asked = Mapping[str, str | None]
"""A client's own word: item field to column, or to None for no column at all."""

SEPARATORS = re.compile(r"[\s_*-]+")
URL = re.compile(r'\s*"?\s*https?://\S', re.IGNORECASE)


def key(name: str) -> str:
    """A name without what differs between `Long URL`, `long_url`, `long-url` and `longUrl`."""
    return SEPARATORS.sub("", name).casefold()


NAMES = {field.name: (key(field.name), *field.aliases) for field in ITEM_FIELDS}
KNOWN = frozenset(name for names in NAMES.values() for name in names)


def is_url(text: str) -> bool:
    return URL.match(text) is not None


def known(columns: Sequence[str], asked: Collection[str | None]) -> int:
    """How many of these names mean something."""
    return sum(column.strip() in asked or key(column) in KNOWN for column in columns)


def numbered(width: int, asked: Asked) -> list[str]:
    """Names for the columns of a file without a header; where nobody says otherwise, the first is the URL."""
    names = [f"column_{at}" for at in range(1, width + 1)]
    return names if "url" in asked else ["url", *names[1:]]


def distinct(columns: Sequence[str]) -> list[str]:
    """The same names, none empty and none twice."""
    found: dict[str, int] = {}
    for at, column in enumerate(columns, 1):
        name, times = column or f"column_{at}", 1
        while name in found:
            times = found[column] = found.get(column, 1) + 1
            name = f"{column}_{times}"
        found[name] = 1
    return list(found)


def refuse_unknown(asked: Asked) -> None:
    for name in asked:
        if name not in BY_NAME:
            field = field_error("This is not an item field.", "mapping", name)
            raise Invalid(f"mapping: {name!r} is no item field", [field])


def mapped(columns: Sequence[str], asked: Asked, url: bool = True) -> dict[str, int]:
    """Item field to column."""
    places: dict[str, list[int]] = {}
    for at, column in enumerate(columns):
        places.setdefault(key(column), []).append(at)
    found = {name: _asked(columns, name, column) for name, column in asked.items() if column is not None}
    for field in NAMES:
        at_most_one = next((places[name] for name in NAMES[field] if name in places), [])
        if field not in asked and at_most_one:
            found[field] = _only(columns, field, at_most_one)
    if url and "url" not in found:
        raise Unreadable(f"no column is named url; the header has {json.dumps(columns[:20], ensure_ascii=False)}")
    return found


def _only(columns: Sequence[str], field: str, places: list[int]) -> int:
    if len(places) > 1:
        raise Unreadable(f"two columns stand for {field}: {columns[places[0]]!r} and {columns[places[1]]!r}")
    return places[0]


def _asked(columns: Sequence[str], name: str, column: str) -> int:
    if columns.count(column) != 1:
        raise Unreadable(f"the mapping wants one column {column!r} for {name}, and there is none or more than one")
    return columns.index(column)
