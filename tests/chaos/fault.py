"""What a fault is, and how long those last that have an end."""

import time
from collections.abc import Callable
from typing import NamedTuple

from tests.system import System

OUTAGE_SECONDS = 4.0
BOTH_STORES = ("sqlite", "postgresql")

Strike = Callable[[System], object]


class Fault(NamedTuple):
    """Something that happens to a running system, under the name that the table shows."""

    name: str
    strike: Strike
    """Breaks something, and mends it if it has to be mended from outside."""
    stores: tuple[str, ...] = BOTH_STORES
    most: int = 3
    """How often it happens within one job."""


def wait_out() -> None:
    """Let a fault last."""
    time.sleep(OUTAGE_SECONDS)
