"""What clients and visitors get while PostgreSQL is silent, refuses, or accepts no writes."""

import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from flask.testing import FlaskClient
from sqlalchemy import make_url

from models import store
from models.accounts import keys
from models.accounts.keys import Owner
from producer.visits import click_buffer, link_cache
from tests.chaos.network import Proxy, proxy
from tests.fixtures.databases import new_migrated_url
from tests.fixtures.processes import process_environment
from tests.fixtures.restoring import END_OTHERS
from tests.owners import new_owner
from tests.shared_app import shared_app
from tests.waiting import wait_until
from tests.web.visitors import visiting
from web.visitors import hosts

MOST_SECONDS = 5.0
SILENCE_SECONDS = 0.2


@pytest.fixture(params=["postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return new_migrated_url(request.param, tmp_path, request)


@pytest.fixture
def network(url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """The network between this process and its database."""
    address = make_url(url)
    monkeypatch.setattr(store.session_limits, "silence", SILENCE_SECONDS)
    with proxy(f"{address.query['host']}/.s.PGSQL.5432") as one:
        here = f"postgresql://{address.username}@127.0.0.1:{one.port}/{address.database}"
        with process_environment({"DATABASE_URL": here}):
            yield one


@pytest.fixture
def client(network: Proxy, counted: click_buffer.ClickBuffer) -> FlaskClient:
    return client_of(new_owner("default"))


def client_of(owner: Owner) -> FlaskClient:
    with store.write() as db:
        token = keys.add(db, owner.workspace_id, "client", list(keys.Scope))["token"]
    client = shared_app().test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return client


def assert_unavailable(client: FlaskClient, path: str) -> None:
    began = time.monotonic()
    answer = client.get(path)
    assert time.monotonic() - began < MOST_SECONDS
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")


def test_a_silent_database_is_503_at_once_until_it_answers_again(client: FlaskClient, network: Proxy) -> None:
    visiting.make("known")
    assert client.get("/known").status_code == 302
    network.hold()
    for path in ("/unknown", "/api/jobs", "/api/links"):
        assert_unavailable(client, path)
    assert_unavailable(client, "/readyz")
    assert client.get("/readyz").get_json()["database"] == "does not answer"
    assert client.get("/healthz").status_code == 200
    network.release()
    wait_until(lambda: client.get("/api/jobs").status_code == 200, MOST_SECONDS)
    assert client.get("/unknown").status_code == 404


def test_a_statement_that_takes_long_is_not_mistaken_for_silence(client: FlaskClient) -> None:
    with store.read() as db:
        assert db.exec_driver_sql("SELECT 1 FROM pg_sleep(1)").scalar_one() == 1


def test_a_plain_link_of_the_last_minute_is_served_from_memory_and_says_so(
    client: FlaskClient, network: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    visiting.make("plain")
    visiting.make("limited", max_clicks=9)
    visiting.make("protected", password_hash="x")
    for slug in ("plain", "limited", "protected"):
        client.get(f"/{slug}")
    monkeypatch.setattr(link_cache, "SECONDS", 0.0)
    monkeypatch.setattr(hosts, "CACHE_SECONDS", 0.0)
    assert "Cache-Status" not in client.get("/plain").headers
    network.hold()
    for _ in range(2):
        answer = client.get("/plain")
        assert (answer.status_code, answer.headers["Location"]) == (302, "https://example.com/x?a=1&b=2")
        assert answer.headers["Cache-Status"].startswith("linkmill; hit; ttl=-")
    assert_unavailable(client, "/limited")
    assert_unavailable(client, "/protected")
    monkeypatch.setattr(link_cache, "AWAY_SECONDS", 0.0)
    assert_unavailable(client, "/plain")


def test_a_database_that_accepts_no_writes_is_503_until_it_does(client: FlaskClient, url: str) -> None:
    set_read_only(url, "on")
    refused = client.post("/api/groups", json={"name": "late"})
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "2")
    assert client.get("/api/groups").status_code == 200
    assert client.get("/readyz").get_json()["database"] == "read-only"
    set_read_only(url, "off")
    assert client.post("/api/groups", json={"name": "late"}).status_code == 201


def set_read_only(url: str, value: str) -> None:
    """Change the server's default for this database, and end the connections that have the old one."""
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("SET default_transaction_read_only = off")
        name = make_url(url).database
        db.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = {value}".encode())
        db.execute(END_OTHERS)
