"""Checks of whole columns: each proves that every value of a column keeps its rule, or gives up at little cost.

A check returns the normalised column, with None in place of values that it does not prove; or None if it proves
nothing. It never says that a value is wrong.
"""

from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import repeat
from typing import Any, NamedTuple

import can_ada

from producer.fields import plain_urls
from producer.fields.item_rules import LONGEST_URL, stored_time
from producer.fields.wide_slugs import LONGEST_WIDE_SLUG

PART = 16
"""How many values a check tries at once where it cannot prove the whole column: one odd value costs few others."""

TextColumn = list[str]
ColumnCheck = Callable[[TextColumn], list[Any] | None]


class Proof(NamedTuple):
    """What a check proves of a column."""

    values: list[Any]
    """The normalised values; None or an empty text where there is none."""
    unproven: list[int]
    """The places of the values that need their rule."""


def prove(check: ColumnCheck, column: list[Any], is_clean: bool = False) -> Proof:
    """Prove a whole column, or else as many of its values as possible. `is_clean`: it has no control character."""
    odd = [] if is_clean else _find_odd(column)
    if odd:
        others = list(column)
        for place in odd:
            others[place] = None
        proof = prove(check, others, is_clean=True)
        return Proof(proof.values, [*odd, *proof.unproven])
    values = _try(check, column)
    if values is not None:
        return Proof(values, _places_of_none(values))
    filled = [place for place, value in enumerate(column) if value is not None and value != ""]
    values = [None] * len(column)
    unproven: list[int] = []
    for places, proved in _prove_filled(check, column, filled):
        for place, value in zip(places, proved or repeat(None), strict=False):
            values[place] = value
            if value is None:
                unproven.append(place)
    return Proof(values, unproven)


def _prove_filled(check: ColumnCheck, column: list[Any], filled: list[int]) -> list[tuple[list[int], list[Any] | None]]:
    """Prove the values that are there: all at once, unless these are the whole column, or else part by part."""
    if len(filled) < len(column):
        proved = _prove_places(check, column, filled)
        if proved is not None:
            return [(filled, proved)]
    parts = [filled[start : start + PART] for start in range(0, len(filled), PART)]
    return [(part, _prove_places(check, column, part)) for part in parts]


def _find_odd(column: list[Any]) -> list[int]:
    """The places of values that may have a character which texts must not have, or are no texts.

    Checks look at joined columns, in which a line break could hide.
    """
    try:
        if "".join(filter(None, column)).isprintable():
            return []
    except TypeError:
        pass
    return [place for place, value in enumerate(column) if value and not _is_printable(value)]


def _is_printable(value: Any) -> bool:
    return isinstance(value, str) and value.isprintable()


def _places_of_none(values: list[Any]) -> list[int]:
    if None not in values:
        return []
    return [place for place, value in enumerate(values) if value is None]


def _prove_places(check: ColumnCheck, column: list[Any], places: list[int]) -> list[Any] | None:
    return _try(check, [column[place] for place in places])


def _try(check: ColumnCheck, column: list[Any]) -> list[Any] | None:
    try:
        return check(column) if column else column
    except TypeError:  # JSON had a value that is not text
        return None


def urls(column: TextColumn) -> list[Any]:
    """Most URLs are plain. Others are written as a browser would write them."""
    values: list[Any] = list(column)  # UTM parameters are added to it later
    others = plain_urls.find_others(column)
    if not others:
        return values
    hrefs = _parse([column[place] for place in others])
    if not _are_proven(hrefs):
        hrefs = [href if _are_proven([href]) else None for href in hrefs]
    for place, href in zip(others, hrefs, strict=True):
        values[place] = href if len(column[place]) <= LONGEST_URL else None
    return values


def _are_proven(hrefs: list[str | None]) -> bool:
    parsed = list(filter(None, hrefs))
    joined = "\n" + "\n".join(parsed)
    schemes = joined.count("\nhttps://") + joined.count("\nhttp://")
    # An @ may belong to a user name; the rule decides.
    return schemes == len(parsed) and "@" not in joined


def _parse(texts: TextColumn) -> list[str | None]:
    hrefs: list[str | None] = []
    values = iter(texts)
    while len(hrefs) < len(texts):
        try:
            hrefs.extend(url.href for url in map(can_ada.parse, values))
        except ValueError:
            hrefs.append(None)
    return hrefs


def slugs(column: TextColumn) -> TextColumn | None:
    joined = "\n".join(column).encode()
    plain = joined.translate(None, SLUG_LETTERS) == b"\n" * (len(column) - 1)
    if not plain or max(map(len, column)) > LONGEST_SLUG:
        return None
    return column


SLUG_LETTERS = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-"
LONGEST_SLUG = 64


def wide_slugs(column: TextColumn) -> TextColumn | None:
    """Plain slugs, or paths in ASCII. Other letters are left to the rule."""
    if slugs(column) is not None:
        return column
    joined = "\n" + "\n".join(column) + "\n"
    if joined.encode().translate(None, WIDE_SLUG_LETTERS).strip(b"\n") or max(map(len, column)) > LONGEST_WIDE_SLUG:
        return None
    segments = joined.replace("/", "\n")
    if any(part in joined for part in BAD_SLASHES) or any(part in segments for part in BAD_SEGMENTS):
        return None
    return column


WIDE_SLUG_LETTERS = SLUG_LETTERS + b".~/"
BAD_SLASHES = ("//", "\n/", "/\n")
BAD_SEGMENTS = ("\n.\n", "\n..\n")


def times(column: TextColumn) -> TextColumn | None:
    """Times in the most common form. Each must also exist: there is no 30 February."""
    joined = "\n".join(column).encode()
    if (joined + b"\n").translate(TO_ZERO) != TIME_PATTERN * len(column) or HOUR_24 in joined:
        return None
    try:
        deque(map(datetime.fromisoformat, column), maxlen=0)  # parses all and keeps none
    except ValueError:
        return None
    return joined.translate(TO_STORED, b"Z").decode().split("\n")


def past_times(column: TextColumn) -> TextColumn | None:
    moments = times(column)
    if moments is None or max(moments) > stored_time(datetime.now(UTC)):
        return None
    return moments


TO_ZERO = bytes.maketrans(b"123456789", b"0" * 9)
TIME_PATTERN = b"0000-00-00T00:00:00Z\n"
HOUR_24 = b"T24"
TO_STORED = bytes.maketrans(b"T", b" ")


def texts(longest: int) -> ColumnCheck:
    def check(column: TextColumn) -> TextColumn | None:
        if "".join(column) and max(map(len, column)) <= longest:
            return column
        return None

    return check


def trimmed_texts(longest: int) -> ColumnCheck:
    """Texts without blanks at either end, which their rule would strip."""

    def check(column: TextColumn) -> TextColumn | None:
        joined = "\n" + "\n".join(column) + "\n"
        if "\n " in joined or " \n" in joined:
            return None
        return texts(longest)(column)

    return check
