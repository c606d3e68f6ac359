"""Changes of tables that others use meanwhile: a change waits for its lock only briefly, and is tried again."""

import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from models import store
from models.errors import Conflict

LOCK_SECONDS = 0.5
"""Who comes after a statement that waits for its lock waits too."""
TRIES = 60
PAUSE_SECONDS = 1.0
LOCK_NOT_AVAILABLE = "55P03"

T = TypeVar("T")


def try_change(change: Callable[[Connection], T]) -> T | None:
    """Change tables in one transaction; None when somebody else has used them for too long."""
    try:
        with store.write() as db:
            db.exec_driver_sql(f"SET LOCAL lock_timeout = {round(LOCK_SECONDS * 1000)}")
            return change(db)
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE:
            raise
        return None


def change(step: Callable[[Connection], T]) -> T:
    """The same, until it succeeds. Raise Conflict when it does not within minutes."""
    for _ in range(TRIES):
        result = try_change(step)
        if result is not None:
            return result
        time.sleep(PAUSE_SECONDS)
    raise Conflict("A transaction that does not end uses this table. Run this again when it has ended.")
