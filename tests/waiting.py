"""Waiting for a condition: tests never sleep for a fixed time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

POLL_SECONDS = 0.02


def wait_until(
    condition: Callable[[], T | None], seconds: float = 60.0, what: str | Callable[[], str] = "a condition"
) -> T:
    """Call `condition` until its result is true and return that; fail when `seconds` are over."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s for {what() if callable(what) else what}")
        time.sleep(POLL_SECONDS)
