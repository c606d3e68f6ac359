"""Whole columns at once: each check proves that a column is as its rule wants it, or says nothing and costs little.

None means «look at the values one by one», never «wrong»: what is wrong is for the rule itself to say.
"""

from collections import deque
from collections.abc import Callable
from datetime import datetime

import can_ada

from producer.rules.item_rules import LONGEST_EXTERNAL_ID, LONGEST_TITLE, LONGEST_URL, LONGEST_UTM

SLUG_LETTERS = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-"
SLUG_LONGEST = 64
DIGITS = bytes.maketrans(b"123456789", b"0" * 9)
MOMENT = b"0000-00-00T00:00:00Z\n"
MIDNIGHT_AGAIN = "T24"  # some versions of Python take it for the next day, others for no time at all

Column = list[str]


def urls(column: Column) -> Column | None:
    try:
        hrefs = [parsed.href for parsed in map(can_ada.parse, column)]
    except (ValueError, TypeError):
        return None
    joined = "\n" + "\n".join(hrefs)
    schemes = joined.count("\nhttps://") + joined.count("\nhttp://")
    if schemes != len(column) or "@" in joined or max(map(len, hrefs)) > LONGEST_URL:
        return None
    return hrefs


def slugs(column: Column) -> Column | None:
    joined = "\n".join(column).encode()
    plain = joined.translate(None, SLUG_LETTERS) == b"\n" * (len(column) - 1)
    return column if plain and max(map(len, column)) <= SLUG_LONGEST else None


def moments(column: Column) -> Column | None:
    """Times in the commonest form: each still has to be one that exists."""
    joined = "\n".join(column)
    if (joined + "\n").encode().translate(DIGITS) != MOMENT * len(column) or MIDNIGHT_AGAIN in joined:
        return None
    try:
        deque(map(datetime.fromisoformat, column), maxlen=0)
    except ValueError:
        return None
    return joined.replace("T", " ").replace("Z", "").split("\n")


def texts(longest: int) -> Callable[[Column], Column | None]:
    def check(column: Column) -> Column | None:
        return column if "".join(column) and max(map(len, column)) <= longest else None

    return check


def names(column: Column) -> Column | None:
    """Texts whose blanks at either end do not count: here there are none."""
    joined = "\n" + "\n".join(column) + "\n"
    return None if "\n " in joined or " \n" in joined else texts(LONGEST_EXTERNAL_ID)(column)


CHECKS: dict[str, Callable[[Column], Column | None]] = {
    "url": urls,
    "slug": slugs,
    "title": texts(LONGEST_TITLE),
    "expires_at": moments,
    "utm_source": texts(LONGEST_UTM),
    "utm_medium": texts(LONGEST_UTM),
    "utm_campaign": texts(LONGEST_UTM),
    "utm_term": texts(LONGEST_UTM),
    "utm_content": texts(LONGEST_UTM),
    "external_id": names,
}
