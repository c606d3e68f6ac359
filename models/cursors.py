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
LARGEST_INDEX = (1 << 31) - 1
"""Of an item: it is an INTEGER."""


class LinkPosition(NamedTuple):
    """Where a link is in the order of its workspace."""

    created_at: datetime
    slug: str
    domain_id: int


class ClickPosition(NamedTuple):
    """Where a link is among those with clicks, the most first."""

    clicks: int
    link: LinkPosition


class ItemPosition(NamedTuple):
    """Where a link is among those of a job: at this item."""

    at: int  # a tuple has an index() of its own


ListPosition = LinkPosition | ItemPosition | ClickPosition
ITEM = "item"
CLICKS = "clicks"


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
    elif isinstance(position, ClickPosition):
        text = f"{CLICKS} {position.clicks} {_link_text(position.link)}"
    else:
        text = _link_text(position)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_list_position(text: str) -> ListPosition | None:
    """Decode the cursor of a list of links: of a job's, of those with the most clicks, or of others."""
    try:
        kind, number, *link = _words(text)
    except ValueError:
        return None
    if kind not in (ITEM, CLICKS):
        return decode_position(text)
    count = decode_number(number)
    if count is None:
        return None
    if kind == ITEM:
        return None if link or count > LARGEST_INDEX else ItemPosition(count)
    position = _position_of(link)
    return None if position is None else ClickPosition(count, position)


def decode_position(text: str) -> LinkPosition | None:
    try:
        return _position_of(_words(text))
    except ValueError:
        return None


def _link_text(position: LinkPosition) -> str:
    micros = (position.created_at - EPOCH) // MICROSECOND
    return f"{micros} {position.domain_id} {position.slug}"


def _position_of(words: list[str]) -> LinkPosition | None:
    try:
        micros, domain, slug = words
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
