"""A time limit for statements of SQLite, which knows none: a statement that takes longer is interrupted."""

import sqlite3
import time
from functools import partial
from typing import Any

from sqlalchemy import Connection, Engine, event

STEPS = 100_000  # of SQLite's virtual machine between two looks at the clock: some milliseconds


def listen(engine: Engine, seconds: float) -> None:
    """Limit every statement of an engine."""
    event.listen(engine, "before_cursor_execute", partial(_limit, seconds))


def _limit(seconds: float, db: Connection, *_: Any) -> None:
    connection = db.connection.driver_connection
    assert isinstance(connection, sqlite3.Connection)
    deadline = time.monotonic() + seconds
    connection.set_progress_handler(lambda: time.monotonic() > deadline, STEPS)
