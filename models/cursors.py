"""Cursors: where the next page of a list begins, as text that clients send back.

Most lists go on behind a number: an id, or the index of an item. Lists of links go on behind a position: of a link in
its workspace, or of an item in its job.
"""

import base64
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
NUMBER_PATTERN = r"[0-9]{1,18}\Z"
LONGEST_NUMBER = 18  # digits; every number of this length fits a database's BIGINT


class LinkPosition(NamedTuple):
    """Where a link is in the order of its workspace."""

    created_at: datetime
    slug: str
    domain_id: int


class ItemPosition(NamedTuple):
    """Where a link is among those of a job: at this item."""

    at: int  # a tuple has an index() of its own


ListPosition = LinkPosition | ItemPosition
ITEM = "item"


def encode_number(number: int | str) -> str:
    """`number` may be an id as the API spells it."""
    return str(number)


def decode_number(text: str) -> int | None:
    if text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER:
        return int(text)
    return None


def encode_position(position: ListPosition) -> str:
    if isinstance(position, ItemPosition):
        text = f"{ITEM} {position.at}"
    else:
        micros = (position.created_at - EPOCH) // MICROSECOND
        text = f"{micros} {position.domain_id} {position.slug}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_list_position(text: str) -> ListPosition | None:
    """Decode the cursor of a list of links: of a job's, or of others."""
    try:
        word, number = _words(text)
    except ValueError:
        return decode_position(text)
    index = decode_number(number)
    return None if index is None or word != ITEM else ItemPosition(index)


def decode_position(text: str) -> LinkPosition | None:
    try:
        micros, domain, slug = _words(text)
        position = LinkPosition(EPOCH + int(micros) * MICROSECOND, slug, int(domain))
    except (ValueError, OverflowError):
        return None
    # The database refuses a zero byte and larger numbers with an error of its own.
    if "\0" in slug or not 0 < position.domain_id < 1 << 63:
        return None
    return position


def _words(text: str) -> list[str]:
    padding = "=" * (-len(text) % 4)
    return base64.b64decode(text + padding, b"-_", validate=True).decode().split(" ")
