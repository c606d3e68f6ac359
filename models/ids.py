"""Ids of jobs, workspaces, keys and domains: whole numbers that sort by the time they were made."""

import secrets
import time

EPOCH_MS = 1_735_689_600_000  # the first moment of 2025
RANDOM_BITS = 22


def new_id() -> int:
    """41 bits of milliseconds and 22 random ones: no host has to ask another, and no id tells how many there are."""
    return (int(time.time() * 1000) - EPOCH_MS) << RANDOM_BITS | secrets.randbits(RANDOM_BITS)


def parse_id(text: str) -> int:
    """The id that a client sent; what is none becomes 0, which nothing has."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else 0
