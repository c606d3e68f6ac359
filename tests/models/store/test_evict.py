"""Eviction frees what a frozen worker holds in the database."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from queue import SimpleQueue
from textwrap import dedent

import psutil
import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError, OperationalError

from models import store
from models.accounts.keys import Owner
from models.links import reserved_words
from models.store import postgresql_sessions
from models.tables import reserved_slugs
from tests import ROOT
from tests.waiting import wait_until

HOLD_AND_FREEZE = dedent(
    """
    import os, signal
    from models import store
    from models.links import reserved_words
    with store.write() as db:
        reserved_words.add(db, {"held"})
        print(store.dialect().owner(db), flush=True)
        os.kill(os.getpid(), signal.SIGSTOP)
    """
)


@pytest.mark.slow
def test_eviction_frees_the_locks_of_a_frozen_transaction(owner: Owner) -> None:
    with frozen_process() as (process, lease_owner):
        with store.read() as db:
            store.dialect().evict(db, lease_owner)
        with store.write() as db:
            db.execute(insert(reserved_slugs).values(slug="held"))
        if process.is_running() and process.status() == psutil.STATUS_STOPPED:
            process.resume()  # its commit fails


@pytest.mark.slow
def test_another_process_with_the_same_id_is_not_evicted(owner: Owner) -> None:
    with frozen_process() as (process, lease_owner):
        process.resume()
        with store.read() as db:
            store.dialect().evict(db, lease_owner.split()[0] + " 0")
            store.dialect().evict(db, "999999999 0")
        assert process.wait(20) == 0


@pytest.mark.parametrize("owner", ["postgresql"], indirect=True)
def test_an_owner_that_waits_for_the_database_is_told_from_one_that_does_not(owner: Owner) -> None:
    with store.engine().connect() as idle, ThreadPoolExecutor(1) as thread:
        store.dialect().lock(idle, "held")
        owners = SimpleQueue[str]()
        waiting = thread.submit(wait_for_lock, owners)
        lease_owner = owners.get(timeout=10)
        with store.read() as db:
            wait_until(lambda: is_active(db, lease_owner), what="the other to wait")
            assert store.dialect().evict(db, lease_owner)
            assert not store.dialect().evict(db, store.dialect().owner(idle))
            assert not store.dialect().evict(db, "999999999 9e12")
            assert store.dialect().evict(db, "999999999 0"), "its server was another one"
        with pytest.raises(OperationalError):
            waiting.result(10)
        idle.invalidate()  # its connection has ended: there is nothing to roll back


def wait_for_lock(owners: SimpleQueue[str]) -> None:
    with store.write() as db:
        owners.put(store.dialect().owner(db))
        store.dialect().lock(db, "held")


def is_active(db: store.Connection, lease_owner: str) -> bool:
    statement = text("SELECT state = 'active' FROM pg_stat_activity WHERE pid = :pid")
    return bool(db.execute(statement, {"pid": int(lease_owner.split()[0])}).scalar())


@pytest.mark.parametrize("owner", ["sqlite"], indirect=True)
def test_a_process_that_waits_is_told_from_one_that_is_stopped_or_gone(owner: Owner) -> None:
    with subprocess.Popen(["sleep", "60"]) as child:
        process = psutil.Process(child.pid)
        lease_owner = f"{child.pid} {process.create_time()}"
        with store.read() as db:
            wait_until(lambda: process.status() == psutil.STATUS_SLEEPING, what="the process to sleep")
            assert store.dialect().evict(db, lease_owner)
            assert not store.dialect().evict(db, f"{child.pid} 0")
            process.suspend()
            wait_until(lambda: process.status() == psutil.STATUS_STOPPED, what="the process to stop")
            assert not store.dialect().evict(db, lease_owner)
            child.wait(10)
            assert not store.dialect().evict(db, lease_owner)


def test_a_connection_that_ends_during_a_batch_is_a_transient_error(owner: Owner) -> None:
    with pytest.raises(DBAPIError) as failure, store.write() as db:
        write_interrupted_batch(db)
    assert store.dialect().is_transient(failure.value)
    with store.write() as db:
        assert not db.execute(reserved_slugs.select().where(reserved_slugs.c.slug == "s1")).all()


def test_connections_that_ended_while_idle_are_replaced(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql_sessions, "PING_AFTER_SECONDS", -1.0)
    with store.write() as first:
        lease_owner = store.dialect().owner(first)
    with store.read() as first, store.read() as second:
        store.dialect().evict(second, lease_owner)
    with store.read() as first, store.read() as second:
        assert reserved_words.load(first) == reserved_words.load(second)


def test_an_error_of_the_statement_is_not_transient(owner: Owner) -> None:
    with pytest.raises(DBAPIError) as failure, store.write() as db:
        db.exec_driver_sql("SELECT nothing FROM nowhere")
    assert not store.dialect().is_transient(failure.value)


def write_interrupted_batch(db: store.Connection) -> None:
    """Write a batch whose connection the database ends. SQLite has no connection to end: there the file is locked."""
    if db.dialect.name == "postgresql":
        with store.read() as other:
            store.dialect().evict(other, store.dialect().owner(db))
        store.dialect().bulk_insert(db, reserved_slugs, {"slug": [f"s{at}" for at in range(100)]}, 100)
    cause = sqlite3.OperationalError("locked")
    cause.sqlite_errorcode = sqlite3.SQLITE_BUSY
    raise OperationalError("INSERT", None, cause)


@contextmanager
def frozen_process() -> Iterator[tuple[psutil.Process, str]]:
    """Start a process that stops in the middle of a transaction; yield it and its name as an owner."""
    command = [sys.executable, "-c", HOLD_AND_FREEZE]
    with subprocess.Popen(command, cwd=ROOT, env=dict(os.environ), stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout
        lease_owner, process = child.stdout.readline().strip(), psutil.Process(child.pid)
        wait_until(lambda: process.status() == psutil.STATUS_STOPPED, what="the process to stop")
        try:
            yield process, lease_owner
        finally:
            child.kill()


@pytest.mark.slow
def test_an_owner_has_ended_when_its_process_was_killed(owner: Owner) -> None:
    with store.engine().connect() as db, frozen_process() as (process, killed):
        living = store.dialect().owner(db)
        assert ended(killed, living) == set()
        process.kill()
        wait_until(lambda: ended(killed, living) == {killed}, what="the other to end")
        earlier = living.partition(" ")[0] + " 0"  # it had the same process id
        assert ended(earlier, living) == {earlier}


def ended(*owners: str) -> set[str]:
    with store.read() as db:
        return store.dialect().ended(db, owners)
