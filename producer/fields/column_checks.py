"""Checks of whole columns: each proves that every value of a column keeps its rule, or gives up at little cost.

A check returns the normalised column, or None for "apply the rule to each value". It never says that a value is wrong.
"""

from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime

import can_ada

from producer.fields.item_rules import LONGEST_URL, stored_time
from producer.fields.wide_slugs import LONGEST_WIDE_SLUG

TextColumn = list[str]
ColumnCheck = Callable[[TextColumn], TextColumn | None]


def urls(column: TextColumn) -> TextColumn | None:
    try:
        hrefs = [parsed.href for parsed in map(can_ada.parse, column)]
    except (ValueError, TypeError):
        return None
    joined = "\n" + "\n".join(hrefs)
    schemes = joined.count("\nhttps://") + joined.count("\nhttp://")
    # An @ may belong to a user name; the rule decides.
    if schemes != len(column) or "@" in joined or max(map(len, column)) > LONGEST_URL:
        return None
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
    joined = "\n".join(column)
    if (joined + "\n").encode().translate(TO_ZERO) != TIME_PATTERN * len(column) or HOUR_24 in joined:
        return None
    try:
        deque(map(datetime.fromisoformat, column), maxlen=0)  # parses all and keeps none
    except ValueError:
        return None
    return joined.replace("T", " ").replace("Z", "").split("\n")


def past_times(column: TextColumn) -> TextColumn | None:
    moments = times(column)
    if moments is None or max(moments) > stored_time(datetime.now(UTC)):
        return None
    return moments


TO_ZERO = bytes.maketrans(b"123456789", b"0" * 9)
TIME_PATTERN = b"0000-00-00T00:00:00Z\n"
HOUR_24 = "T24"


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
