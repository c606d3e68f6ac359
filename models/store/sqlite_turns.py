"""Turns at the one lock of SQLite's writers: short transactions go first, so a small job waits for one long one.

A transaction for which somebody waits leaves a mark: the time of an empty file. A bulk writer begins when there was no
mark lately, since only milliseconds lie between the transactions of a small job.
"""

import os
import sqlite3
import time
from contextlib import suppress

from sqlalchemy.exc import OperationalError

RETRY_SECONDS = 0.001  # SQLite's own back-off sleeps up to 100 ms, and starves the writers that come late
QUIET_SECONDS = 0.03
LONGEST_QUIET = 0.25  # that a bulk writer lets others go first while the lock is free
CLAIM_SECONDS = 0.01  # in which a bulk worker that has written claims its next shard, to prepare it while others write
MARK = "-writers"
RESTART_SECONDS = 3.0
READERS_MS = 20  # how long a restart of the log waits for readers while it keeps other writers out


def begin_short(connection: sqlite3.Connection, database: str, deadline: float, leaves_mark: bool) -> None:
    """Begin a write transaction as soon as the lock is free."""
    while True:
        if leaves_mark:
            leave_mark(database)
        if _try_to_begin(connection, deadline):
            return
        time.sleep(RETRY_SECONDS)


def begin_bulk(connection: sqlite3.Connection, database: str, deadline: float) -> None:
    """Begin a long write transaction when nobody else wants to write."""
    latest = time.monotonic() + LONGEST_QUIET
    while True:
        _wait_for_quiet(database, latest)
        if _try_to_begin(connection, deadline):
            return
        latest += _wait_for_lock(connection, deadline)
        if time.monotonic() > latest:
            return
        connection.execute("ROLLBACK")
        time.sleep(CLAIM_SECONDS)


def _wait_for_lock(connection: sqlite3.Connection, deadline: float) -> float:
    """Begin once another writer has ended; return how long it took."""
    busy_since = time.monotonic()
    copy_log(connection)
    while not _try_to_begin(connection, deadline):
        time.sleep(RETRY_SECONDS)
    return time.monotonic() - busy_since


def leave_mark(database: str) -> None:
    path = database + MARK
    try:
        os.utime(path)
    except FileNotFoundError:
        os.close(os.open(path, os.O_CREAT, 0o600))


def _wait_for_quiet(database: str, latest: float) -> None:
    # A mark of the future was left before the clock was put back.
    while 0.0 <= _mark_age(database) < QUIET_SECONDS and time.monotonic() < latest:
        time.sleep(RETRY_SECONDS)


def _mark_age(database: str) -> float:
    try:
        return time.time() - os.stat(database + MARK).st_mtime
    except FileNotFoundError:
        return QUIET_SECONDS


def _try_to_begin(connection: sqlite3.Connection, deadline: float) -> bool:
    """Return whether the transaction has begun; raise when the lock is not free after the deadline."""
    is_last = time.monotonic() > deadline
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if is_last or not _is_busy(error):
            raise OperationalError("BEGIN IMMEDIATE", None, error) from error
        return False
    return True


def _is_busy(error: sqlite3.OperationalError) -> bool:
    return error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY


def use_log(connection: sqlite3.Connection, seconds: float) -> None:
    """Let a new database have a write-ahead log. SQLite does not wait for another process that does the same."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if not _is_busy(error) or time.monotonic() > deadline:
                raise
        time.sleep(RETRY_SECONDS)


def log_size(database: str) -> int:
    try:
        return os.stat(f"{database}-wal").st_size
    except FileNotFoundError:
        return 0


def copy_log(connection: sqlite3.Connection) -> None:
    """Copy the log to the database while another writes: so no writer has to do it in its own time."""
    with suppress(sqlite3.OperationalError):
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()


def restart_log(connection: sqlite3.Connection) -> None:
    """Restart the write-ahead log. If no gap comes in time, the next bulk writer tries again."""
    deadline = time.monotonic() + RESTART_SECONDS
    copy_log(connection)  # the restart keeps writers out while it copies the rest
    connection.execute(f"PRAGMA busy_timeout = {READERS_MS}")
    while _checkpoint_is_busy(connection) and time.monotonic() < deadline:
        time.sleep(RETRY_SECONDS)


def _checkpoint_is_busy(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()[0])
