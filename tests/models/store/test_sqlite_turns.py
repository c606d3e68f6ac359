"""At SQLite's one lock, short transactions go before long ones."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from models import store
from models.accounts.keys import Owner
from models.store import sqlite, sqlite_turns
from tests.owners import new_owner
from tests.waiting import wait_until

pytestmark = pytest.mark.parametrize("owner", ["sqlite"], indirect=True)


def test_a_short_transaction_goes_before_a_long_one_that_waits_longer(
    owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_turns, "QUIET_SECONDS", 0.3)
    monkeypatch.setattr(sqlite_turns, "LONGEST_QUIET", 10.0)
    copied = Event()
    monkeypatch.setattr(sqlite_turns, "copy_log", lambda _connection: copied.set())
    turns: list[str] = []

    def write(name: str, bulk: bool) -> None:
        with store.write(bulk=bulk):
            turns.append(name)

    with ThreadPoolExecutor(2) as others, store.write():
        others.submit(write, "long", bulk=True)
        wait_until(copied.is_set)
        others.submit(write, "short", bulk=False)
    assert turns == ["short", "long"]


def test_a_long_transaction_does_not_wait_for_ever(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_turns, "_mark_age", lambda _database: 0.0)
    monkeypatch.setattr(sqlite_turns, "LONGEST_QUIET", 0.01)
    with store.write(bulk=True):
        pass


def test_a_writer_that_waits_copies_the_log(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_turns, "LONGEST_QUIET", 0.0)
    copies: list[object] = []
    monkeypatch.setattr(sqlite_turns, "copy_log", copies.append)

    def write() -> None:
        with store.write(bulk=True):
            pass

    with ThreadPoolExecutor(1) as other, store.write():
        other.submit(write)
        wait_until(lambda: len(copies) == 1)


def test_a_log_that_is_not_small_is_copied_when_nobody_writes(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    copies: list[object] = []
    monkeypatch.setattr(sqlite_turns, "copy_log", copies.append)
    new_owner("writer")
    store.copy_log()
    assert copies == []
    monkeypatch.setattr(sqlite, "SMALL_LOG", 0)
    store.copy_log()
    assert len(copies) == 1
