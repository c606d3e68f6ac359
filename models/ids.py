"""Ids of jobs, workspaces, keys and domains: integers that sort by the time of their creation."""

import secrets
import time
from datetime import UTC, datetime

EPOCH_MS = 1_735_689_600_000  # 2025-01-01T00:00:00Z
RANDOM_BITS = 22
LARGEST_ID = (1 << 63) - 1


def new_id() -> int:
    """Return a new id: 41 bits of milliseconds and 22 random bits.

    So hosts need not ask each other for ids, and an id does not reveal how many there are.
    """
    return (int(time.time() * 1000) - EPOCH_MS) << RANDOM_BITS | secrets.randbits(RANDOM_BITS)


def first_id(moment: datetime) -> int:
    """Return the smallest id that may be created at a moment."""
    return (int(moment.timestamp() * 1000) - EPOCH_MS) << RANDOM_BITS


def creation_of(number: int) -> datetime:
    """Return when an id was created."""
    return datetime.fromtimestamp(((number >> RANDOM_BITS) + EPOCH_MS) / 1000, UTC)


def parse_id(text: str) -> int:
    """Return the id that a client sent; 0, which nothing has, if the text is not an id."""
    if not text.isascii() or not text.isdigit() or len(text) > len(str(LARGEST_ID)):
        return 0
    number = int(text)
    return number if number <= LARGEST_ID else 0
