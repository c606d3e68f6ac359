"""A server that follows another one: it takes lists and redirects off it, and its place when it is away."""

import signal
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import create_autospec

import psutil
import psycopg
import pytest
from sqlalchemy import update
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from models import migrate, store
from models.accounts import domains
from models.accounts.keys import Owner
from models.links import lookup
from models.store.replica import Replica
from models.tables import links
from producer.signals import written
from producer.visits import link_cache
from tests.fixtures.fake_redis import FakeRedis
from tests.fixtures.processes import process_environment
from tests.models.links.new_links import add_link
from tests.owners import new_owner
from tests.waiting import wait_until

if TYPE_CHECKING:
    from tests.postgresql import Primary, Standby

SILENCE_SECONDS = 0.2
NEW_URL = "https://new.example/"


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder with a path short enough for sockets, that the servers' user may read."""
    with tempfile.TemporaryDirectory(prefix="linkmill-") as path:
        Path(path).chmod(0o755)
        yield Path(path)


@pytest.fixture(scope="module")
def primary(folder: Path, postgresql: str) -> Iterator["Primary"]:
    """A server with our tables. The fixture `postgresql` marks what uses it as a test with a server."""
    servers = import_module("tests.postgresql")
    with servers.running_primary(folder / "primary") as server:
        with process_environment({"DATABASE_URL": servers.postgresql_url(server)}):
            migrate.upgrade()
        yield server


@pytest.fixture(scope="module")
def standby(primary: "Primary", folder: Path) -> Iterator["Standby"]:
    with import_module("tests.postgresql").running_standby(primary, folder / "standby") as server:
        yield server


@pytest.fixture
def owner(primary: "Primary", standby: "Standby", fake_redis: FakeRedis) -> Iterator[Owner]:
    """Somebody in a process that reads from the standby."""
    url = import_module("tests.postgresql").postgresql_url(primary)
    with process_environment({"DATABASE_URL": url, "DATABASE_READ_URL": standby.url}):
        yield new_owner("default")
        replica = store.replica()
        assert replica
        replica.reader.close()
        replica.engine.dispose()


def list_is_copy(owner: Owner) -> bool:
    with written.read_list(owner.workspace_id) as db:
        return bool(db.exec_driver_sql("SELECT pg_is_in_recovery()").scalar_one())


def find(slug: str) -> str:
    with store.read() as db:
        domain = domains.find(db, 0, None)
    assert domain
    target = lookup.find(domain.id, slug)
    assert target
    return target.url


def change(slug: str) -> None:
    with store.write() as db:
        db.execute(update(links).where(links.c.slug == slug).values(url=NEW_URL))


@contextmanager
def paused(standby: "Standby") -> Iterator[None]:
    """Let a standby receive the primary's log, and not replay it."""
    run(standby, "SELECT pg_wal_replay_pause()")
    wait_until(lambda: ("paused",) in run(standby, "SELECT pg_get_wal_replay_pause_state()"))
    try:
        yield
    finally:
        run(standby, "SELECT pg_wal_replay_resume()")


def run(standby: "Standby", query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(standby.url, autocommit=True) as db:
        return db.execute(query.encode()).fetchall()


def test_lists_and_redirects_are_read_from_the_replica(owner: Owner, standby: "Standby") -> None:
    add_link(owner, "moved")
    wait_until(lambda: run(standby, "SELECT 1 FROM links WHERE slug = 'moved'"))
    with paused(standby):
        assert list_is_copy(owner)
        change("moved")
        assert find("moved") == "https://moved.example/"  # nobody announced the change, so this is the copy


def test_a_list_waits_for_what_its_workspace_has_written(owner: Owner, standby: "Standby") -> None:
    with paused(standby):
        assert list_is_copy(owner)
        new_owner("another")
        written.mark(owner.workspace_id)
        assert not list_is_copy(owner)
        assert list_is_copy(new_owner("other"))
    wait_until(lambda: list_is_copy(owner))


def test_a_list_is_read_from_the_primary_when_nobody_knows_what_was_written(
    owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = create_autospec(Replica.find_position, side_effect=OperationalError("SELECT", None, OSError()))
    monkeypatch.setattr(Replica, "find_position", away)
    written.mark(owner.workspace_id)
    assert not list_is_copy(owner)


def test_while_redis_is_away_lists_are_read_from_the_primary(owner: Owner, fake_redis: FakeRedis) -> None:
    with fake_redis.away():
        assert not list_is_copy(owner)


def test_a_redirect_has_what_the_replica_lacks(owner: Owner, standby: "Standby") -> None:
    with paused(standby):
        add_link(owner, "late")
        assert find("late") == "https://late.example/"


def test_a_redirect_follows_a_change_at_once(owner: Owner, standby: "Standby") -> None:
    add_link(owner, "changed")
    wait_until(lambda: run(standby, "SELECT 1 FROM links WHERE slug = 'changed'"))
    with paused(standby):
        change("changed")
        link_cache.cache.forget(None)
        assert find("changed") == NEW_URL
    wait_until(lambda: run(standby, "SELECT 1 FROM links WHERE url LIKE '%new%'"))
    assert find("changed") == NEW_URL


def test_the_primary_does_the_work_while_the_replica_is_away(owner: Owner, standby: "Standby") -> None:
    add_link(owner, "alone")
    standby.stop()
    try:
        assert find("alone") == "https://alone.example/"
        assert not list_is_copy(owner)
    finally:
        standby.start()


def test_writes_go_to_the_standby_once_it_is_promoted(
    primary: "Primary", standby: "Standby", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store.session_limits, "silence", SILENCE_SECONDS)
    hosts = f"host={primary.get_postmaster_info().socket_dir}:5432&host={standby.folder}:5432"
    url = f"postgresql://postgres@/postgres?{hosts}&target_session_attrs=read-write"
    with process_environment({"DATABASE_URL": url}):
        assert "primary" in data_directory()
        with stopped(primary):
            assert not can_write()
            standby.promote()
            wait_until(can_write, 20)
            assert "standby" in data_directory()


@contextmanager
def stopped(primary: "Primary") -> Iterator[None]:
    """Let the server be silent: its machine hangs, and ends no connection."""
    process = primary.get_postmaster_info().process
    assert process
    processes = (process, *process.children())
    send(signal.SIGSTOP, processes)
    try:
        yield
    finally:
        send(signal.SIGCONT, processes)


def send(number: signal.Signals, processes: Iterable[psutil.Process]) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def data_directory() -> str:
    with store.write() as db:
        return str(db.exec_driver_sql("SHOW data_directory").scalar_one())


def can_write() -> bool:
    try:
        with store.write() as db:
            domains.ensure_default(db)
    except SQLAlchemyError:
        return False
    return True
