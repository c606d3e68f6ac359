"""A bulk writer's pause restarts SQLite's write-ahead log when it has become large."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Event

import pytest
from sqlalchemy import insert

from models import store
from models.accounts.keys import Owner
from models.store import sqlite, sqlite_turns
from models.tables import secrets
from tests.waiting import wait_until

SMALL = 1 << 18  # bytes
FILLER = b"x" * (2 * SMALL)

only_sqlite = pytest.mark.parametrize("owner", ["sqlite"], indirect=True)


def write(name: str, value: bytes = b"") -> None:
    with store.write() as db:
        db.execute(insert(secrets).values(name=name, value=value))


def log_pages() -> int:
    """Count the pages of the write-ahead log."""
    with closing(sqlite3.connect(str(store.engine().url.database))) as raw:
        return int(raw.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()[1])


@only_sqlite
def test_a_large_log_is_restarted_and_a_small_one_is_not(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    write("large", FILLER)
    store.pause_bulk_writer()
    write("a")
    assert log_pages() > len(FILLER) // 4096
    monkeypatch.setattr(sqlite, "LARGEST_LOG", SMALL)
    store.pause_bulk_writer()
    write("b")
    assert log_pages() < 20


@only_sqlite
def test_a_log_is_restarted_in_the_gap_between_two_writers(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "LARGEST_LOG", SMALL)
    written, may_commit = Event(), Event()

    def other() -> None:
        with store.write() as db:
            db.execute(insert(secrets).values(name="other", value=FILLER))
            written.set()
            may_commit.wait(10)

    write("large", FILLER)
    with ThreadPoolExecutor(2) as both:
        both.submit(other)
        wait_until(written.is_set)
        pause = both.submit(store.pause_bulk_writer)
        assert not pause.done()
        may_commit.set()
        pause.result()
    write("b")
    assert log_pages() < 20


@only_sqlite
def test_a_restart_gives_up_while_another_writer_goes_on(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "LARGEST_LOG", SMALL)
    monkeypatch.setattr(sqlite_turns, "RESTART_SECONDS", 0.05)
    write("large", FILLER)
    with store.write(), ThreadPoolExecutor(1) as another:
        another.submit(store.pause_bulk_writer).result(10)
