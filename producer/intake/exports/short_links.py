"""Which columns of a file hold whole short links, such as https://dub.sh/spring, and on which hosts they are."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from producer.fields.item_fields import BY_NAME
from producer.fields.item_rules import SCHEME
from producer.intake.headers import ColumnMapping, normalised

Rows = Sequence[Sequence[str]]

HOST = r"(?:https?://)?((?:[a-z0-9-]+\.)+[a-z][a-z0-9-]+(?::\d+)?)"
WHOLE_LINK = re.compile(rf"{HOST}/[^?#\s]+", re.IGNORECASE)
ONE_SEGMENT = re.compile(rf"(?:{HOST})?/[^/?#\s]+/?", re.IGNORECASE)
NAMES_THAT_NEED_A_LOOK = ("link", "source")
"""Short links in some exports, other things elsewhere: `link` beside `long_url`, `source` beside YOURLS' `target`."""
NAMES = (*BY_NAME["short_url"].aliases, normalised("short_url"))
MOST_HOSTS = 5


class ShortLinks(NamedTuple):
    places: list[int]
    """The columns, the likeliest first: Bitly's `custom_bitlink` before its `link`."""
    hosts: list[str]
    """Those of the first rows."""


def find_short_links(
    columns: Sequence[str], rows: Rows, mapped: Mapping[str, int], chosen: ColumnMapping
) -> ShortLinks:
    """`mapped`: what the names say; `chosen`: what the client says."""
    first = _first_place(rows, mapped)
    known = _places_by_name(columns, rows, mapped)
    if first in known:
        places = known[known.index(first) :]
    elif first is not None:
        places = [first]
    elif "short_url" not in chosen:
        places = known
    else:
        places = []
    return ShortLinks(places, _hosts(rows, places))


def _first_place(rows: Rows, mapped: Mapping[str, int]) -> int | None:
    slug = mapped.get("slug")
    if slug is not None and _are_whole_links(_cells(rows, slug)):
        return slug
    return mapped.get("short_url")


def _places_by_name(columns: Sequence[str], rows: Rows, mapped: Mapping[str, int]) -> list[int]:
    names = list(map(normalised, columns))
    places = [names.index(name) for name in NAMES if name in names]
    if "url" in mapped and names[mapped["url"]] != "url":
        for name in NAMES_THAT_NEED_A_LOOK:
            if name in names and _all_match(ONE_SEGMENT, _cells(rows, names.index(name))):
                places.append(names.index(name))
    return [place for place in places if place != mapped.get("url")]


def _are_whole_links(cells: Sequence[str]) -> bool:
    """Whether these are links and not slugs, which may have dots and slashes too."""
    if not _all_match(WHOLE_LINK, cells):
        return False
    return all(map(SCHEME.match, cells)) or len(_hosts_of(cells)) == 1


def _all_match(pattern: re.Pattern[str], cells: Sequence[str]) -> bool:
    return bool(cells) and all(map(pattern.fullmatch, cells))


def _cells(rows: Rows, place: int) -> list[str]:
    """The cells of a column that are not empty."""
    return [row[place].strip() for row in rows if place < len(row) and row[place].strip()]


def _hosts(rows: Rows, places: Sequence[int]) -> list[str]:
    hosts: dict[str, None] = {}
    for place in places:
        hosts.update(_hosts_of(_cells(rows, place)))
    return list(hosts)[:MOST_HOSTS]


def _hosts_of(cells: Sequence[str]) -> dict[str, None]:
    matches = map(WHOLE_LINK.fullmatch, cells)
    return {match[1].lower(): None for match in matches if match}
