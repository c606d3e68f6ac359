"""DATABASE_POOLED: web behind PgBouncer in transaction mode, and workers on connections of their own."""

import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import psycopg
import pytest
from flask.testing import FlaskClient
from sqlalchemy.exc import DBAPIError

from models import settings, store
from models.accounts import keys
from models.errors import SettingsError
from models.jobs import leases
from models.states import ShardKind
from producer.signals import wakeups
from producer.visits import click_buffer, link_cache
from tests.fixtures.databases import new_migrated_url
from tests.fixtures.processes import process_environment
from tests.models.jobs.making import expire
from tests.owners import new_owner
from tests.pooler import SESSIONS, running_pooler
from tests.shared_app import shared_app
from tests.web.visitors import visiting
from tests.work import work_off
from workers import sweep

CALLS = 60  # psycopg would prepare a statement after five executions


@pytest.fixture(params=["postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return new_migrated_url(request.param, tmp_path, request)


@pytest.fixture
def pooled_url(url: str) -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="linkmill-") as folder, running_pooler(url, Path(folder)) as pooled:
        yield pooled


@pytest.fixture
def client(url: str, pooled_url: str, tmp_path: Path, counted: click_buffer.ClickBuffer) -> Iterator[FlaskClient]:
    """A client of web, whose transactions go through the pooler."""
    variables = {"DATABASE_URL": pooled_url, "DATABASE_POOLED": "1", "DATABASE_DIRECT_URL": url}
    with process_environment(variables | {"DATA_DIR": str(tmp_path)}), as_web():
        with store.write() as db:
            token = keys.add(db, new_owner("default").workspace_id, "client", list(keys.Scope))["token"]
        client = shared_app().test_client()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        yield client


def as_web() -> AbstractContextManager[None]:
    """Let this process connect as web does; afterwards it connects as a worker."""
    return connecting(pooled=True, statement=10.0)


def as_worker() -> AbstractContextManager[None]:
    return connecting(pooled=False, statement=0.0)


@contextmanager
def connecting(pooled: bool, statement: float) -> Iterator[None]:
    """Reopen all connections with these limits, and once more with the earlier ones afterwards."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store.session_limits, "pooled", pooled)
        patch.setattr(store.session_limits, "statement", statement)
        close_connections()
        yield
    close_connections()


def close_connections() -> None:
    store.direct_reader().close()
    store.engine().dispose()
    store.engine.cache_clear()
    store.direct_reader.cache_clear()


def test_web_works_through_a_pooler_and_workers_go_around_it(
    client: FlaskClient, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    visiting.make("plain")
    monkeypatch.setattr(link_cache, "SECONDS", 0.0)
    job = client.post("/api/jobs", json={"links": [{"url": "https://example.com/"}] * 3}).get_json()
    with as_worker():
        work_off(ShardKind.CREATE)
    assert client.get(f"/api/jobs/{job['id']}").get_json()["counts"]["created"] == 3
    with ThreadPoolExecutor(12) as threads:
        answers = list(threads.map(lambda _: call(client.environ_base["HTTP_AUTHORIZATION"]), range(CALLS)))
    assert set(answers) == {(302, 200, 3)}
    assert count_sessions(url) <= SESSIONS


def call(key: str) -> tuple[int, int, int]:
    client = shared_app().test_client()
    listed = client.get("/api/links", headers={"Authorization": key})
    return client.get("/plain").status_code, listed.status_code, len(listed.get_json()["items"])


def count_sessions(url: str) -> int:
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    with psycopg.connect(url) as db:
        row = db.execute(query).fetchone()
    assert row
    return int(row[0])


def test_transactions_have_the_limits_of_web_whatever_session_they_get(client: FlaskClient) -> None:
    for begin in (store.read, store.write):
        with begin() as db:
            assert db.exec_driver_sql("SHOW statement_timeout").scalar_one() == "10s"
            assert db.exec_driver_sql("SHOW timezone").scalar_one() == "UTC"
    with as_worker(), store.read() as db:
        assert db.exec_driver_sql("SHOW statement_timeout").scalar_one() == "0"


def test_a_worker_that_stands_still_is_evicted_and_not_the_pooler(client: FlaskClient) -> None:
    client.post("/api/jobs", json={"links": [{"url": "https://example.com/"}]})
    with as_worker(), store.engine().connect() as frozen:
        claim = leases.claim(frozen, ShardKind.CREATE, wakeups.INTERACTIVE, (0, 0))
        assert claim
        frozen.commit()
        frozen.exec_driver_sql("SELECT 1")
        expire(claim)
        assert sweep.free_expired_leases() == 1
        with pytest.raises(DBAPIError):
            frozen.exec_driver_sql("SELECT 1")
        work_off(ShardKind.CREATE)
    assert client.get("/api/jobs").get_json()["items"][0]["status"] == "completed"


def test_a_pooler_needs_a_way_around_it() -> None:
    pooled = {"DATABASE_URL": "postgresql://u@/d", "DATABASE_POOLED": "1"}
    with pytest.raises(SettingsError, match="DATABASE_DIRECT_URL=''"):
        settings.load(pooled)
    with pytest.raises(SettingsError, match="DATABASE_DIRECT_URL"):
        settings.load({"DATABASE_DIRECT_URL": "postgresql://u@/d"})
    assert settings.load(pooled | {"DATABASE_DIRECT_URL": "postgresql://u@/e"}).session_url.endswith("/e")
