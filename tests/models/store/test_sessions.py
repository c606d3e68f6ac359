"""What holds for each connection to PostgreSQL, whatever the server and the URL say."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError

from models import store
from models.errors import Unavailable
from tests.fixtures.databases import new_database_url
from tests.fixtures.processes import process_environment
from tests.waiting import wait_until
from web import errors

LIMIT_SECONDS = 0.1


@pytest.fixture(params=["postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return new_database_url(request.param, tmp_path, request)


@pytest.fixture
def other_defaults(url: str) -> Iterator[None]:
    """A database whose default is another isolation, and a URL that names a schema."""
    with process_environment({"DATABASE_URL": url}), store.write() as db:
        name = make_url(url).database
        db.exec_driver_sql(f"ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'")
        db.exec_driver_sql("CREATE SCHEMA links_of_ours")
    with process_environment({"DATABASE_URL": f"{url}&options=-c%20search_path%3Dlinks_of_ours"}):
        yield


def show(name: str) -> str:
    with store.write() as db:
        return str(db.exec_driver_sql(f"SHOW {name}").scalar_one())


def test_the_options_of_the_url_are_added_to_ours(other_defaults: None) -> None:
    assert show("search_path") == "links_of_ours"
    assert show("timezone") == "UTC"


def test_transactions_are_read_committed(other_defaults: None) -> None:
    assert show("transaction_isolation") == "read committed"


def test_a_statement_that_takes_too_long_is_ended_and_explained(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store.session_limits, "statement", LIMIT_SECONDS)
    with process_environment({"DATABASE_URL": url}):
        with pytest.raises(DBAPIError) as caught, store.read() as db:
            db.exec_driver_sql("SELECT pg_sleep(60)")
        explained = errors.explain(caught.value)
    assert isinstance(explained, Unavailable)
    assert "takes too long" in str(explained)


def test_sqlite_ends_a_statement_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store.session_limits, "statement", LIMIT_SECONDS)
    with process_environment({"DATABASE_URL": f"sqlite:///{tmp_path}/a.db"}):
        with pytest.raises(DBAPIError) as caught, store.read() as db:
            db.exec_driver_sql("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n")
        assert store.is_out_of_time(caught.value)
        with store.read() as db:
            assert db.exec_driver_sql("SELECT 1").scalar_one() == 1


def test_a_process_has_no_more_connections_than_it_may(url: str) -> None:
    settings = {"DATABASE_URL": url, "DB_CONNECTIONS": "4"}
    with process_environment(settings), ThreadPoolExecutor(12) as threads:
        wait_until(lambda: count_connections() == 1)  # those of an earlier test may still be ending
        counts = list(threads.map(lambda _: count_connections(), range(36)))
    assert max(counts) == 3  # the fourth is for redirects


def count_connections() -> int:
    clients = "datname = current_database() AND backend_type = 'client backend'"
    query = f"SELECT count(*) FROM pg_stat_activity, pg_sleep(0.01) WHERE {clients}"
    with store.read() as db:
        return int(db.exec_driver_sql(query).scalar_one())


def test_web_leaves_the_last_connections_to_the_workers(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    limited = limited_url(url, most=6)
    monkeypatch.setattr(store.session_limits, "reserve", 2)
    with process_environment({"DATABASE_URL": limited}), ExitStack() as connections:
        for _ in range(4):
            connections.enter_context(store.engine().connect())
        with pytest.raises(DBAPIError, match="reserved for the workers") as caught:
            store.engine().connect()
        assert isinstance(errors.explain(caught.value), Unavailable)
        for _ in range(2):
            connections.enter_context(psycopg.connect(limited))


def limited_url(url: str, most: int) -> str:
    """Create a role that may open few connections; return the URL for it."""
    address = make_url(url)
    name = f"limited_{address.database}"
    with psycopg.connect(url, autocommit=True) as db:
        db.execute(f"CREATE ROLE {name} LOGIN CONNECTION LIMIT {most}".encode())
    return address.set(username=name).render_as_string()


def test_an_idle_connection_is_closed_by_the_server(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store.session_limits, "idle", 1.5)  # longer than a connection is trusted without a ping
    with process_environment({"DATABASE_URL": url}):
        pid = backend_pid()
        wait_until(lambda: not is_connected(url, pid))
        assert backend_pid() != pid  # and the process just opens another one


def backend_pid() -> int:
    with store.read() as db:
        return int(db.exec_driver_sql("SELECT pg_backend_pid()").scalar_one())


def is_connected(url: str, pid: int) -> bool:
    with psycopg.connect(url) as observer:
        return observer.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", [pid]).fetchone() is not None
