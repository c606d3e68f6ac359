"""/api/keys: made by keys, never with more than they have; revoked at once; noted as used."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import httpx
import psycopg
import pytest
from sqlalchemy import make_url

from tests.system import System
from tests.waiting import wait_until
from tests.web.commands import client, new_key

SECRETS = ("token", "consumer_key", "consumer_secret")


@pytest.fixture
def mine(system: System, request: pytest.FixtureRequest) -> Iterator[httpx.Client]:
    with client(system, new_key(system, "--workspace", f"keys {request.node.name}")) as found:
        yield found


def make(asking: httpx.Client, **body: Any) -> dict[str, Any]:
    made = asking.post("/api/keys", json={"name": "made", **body})
    assert made.status_code == 201, made.text
    return dict(made.json())


def with_key(system: System, made: dict[str, Any]) -> httpx.Client:
    return client(system, made)


def shown(asking: httpx.Client, made: dict[str, Any]) -> dict[str, Any]:
    return dict(asking.get(f"/api/keys/{made['id']}").json())


@contextmanager
def locked(system: System, made: dict[str, Any]) -> Iterator[None]:
    """Somebody else is writing to a key's row, and takes their time."""
    url = make_url(system.database_url)
    if url.get_backend_name() == "sqlite":
        with closing(sqlite3.connect(str(url.database), isolation_level=None)) as writer:
            writer.execute("BEGIN IMMEDIATE")
            yield
    else:
        with psycopg.connect(system.database_url) as other:
            other.execute("SELECT id FROM keys WHERE id = %s FOR UPDATE", [int(made["id"])])
            yield


def test_a_key_tells_its_secrets_once(system: System, mine: httpx.Client) -> None:
    made = make(mine, name=" CI ")
    assert set(new_key(system)) <= set(made)
    assert (made["name"], made["scopes"], made["revoked_at"]) == ("CI", ["read", "write"], None)
    listed = mine.get("/api/keys").json()
    assert [one["name"] for one in listed["items"]] == ["key", "CI"]
    for text in (json.dumps(listed), json.dumps(shown(mine, made))):
        assert not [name for name in SECRETS if made[name] in text]
    with with_key(system, made) as new:
        assert new.get("/api/jobs").status_code == 200
        assert new.get("/api/keys").json()["items"][1]["id"] == made["id"]


def test_no_key_makes_a_key_with_more_than_it_has(system: System, mine: httpx.Client) -> None:
    with with_key(system, make(mine, scopes=["write"])) as writer:
        for scopes in (["read"], ["read", "write"]):
            answer = writer.post("/api/keys", json={"name": "x", "scopes": scopes})
            assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")
        assert make(writer)["scopes"] == ["write"]
        assert writer.get("/api/keys").status_code == 403
    with with_key(system, make(mine, scopes=["read", "read"])) as reader:
        assert reader.get("/api/keys").status_code == 200
        assert reader.post("/api/keys", json={"name": "x"}).status_code == 403
        assert reader.delete(f"/api/keys/{reader.get('/api/keys').json()['items'][0]['id']}").status_code == 403


def test_a_revoked_key_opens_nothing_from_then_on(system: System, mine: httpx.Client) -> None:
    made = make(mine)
    with with_key(system, made) as new:
        assert new.get("/api/jobs").status_code == 200
        assert mine.delete(f"/api/keys/{made['id']}").status_code == 204
        assert new.get("/api/jobs").status_code == 401
    assert shown(mine, made)["revoked_at"]
    first = shown(mine, made)
    assert mine.delete(f"/api/keys/{made['id']}").status_code == 204
    assert shown(mine, made) == first


def test_a_key_may_revoke_itself(system: System, mine: httpx.Client) -> None:
    made = make(mine)
    with with_key(system, made) as new:
        assert new.delete(f"/api/keys/{made['id']}").status_code == 204
        assert new.get("/api/keys").status_code == 401


def test_its_last_use_is_seen(system: System, mine: httpx.Client) -> None:
    made = make(mine)
    assert shown(mine, made)["last_used_at"] is None
    with with_key(system, made) as new:
        # Each look is a use: one that met a busy database is not recorded, and the next one is.
        first = wait_until(lambda: shown(new, made)["last_used_at"], what="the use to be noted")
        assert new.get("/api/jobs").status_code == 200
        assert shown(mine, made)["last_used_at"] == first


def test_a_use_that_cannot_be_noted_holds_nobody_up(system: System, mine: httpx.Client) -> None:
    made = make(mine)
    with with_key(system, made) as new:
        new.timeout = httpx.Timeout(3)
        with locked(system, made):
            assert [new.get("/api/jobs").status_code for _ in range(3)] == [200] * 3
            assert shown(mine, made)["last_used_at"] is None
        wait_until(lambda: shown(new, made)["last_used_at"], what="the use to be noted")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/name"), ({"name": None}, "/name"), ({"name": 5}, "/name"), ({"name": ""}, "/name"),
        ({"name": " "}, "/name"), ({"name": "x" * 101}, "/name"), ({"name": "\0"}, "/name"),
        ({"name": "\ud800"}, "/name"),
        ({"name": "x", "scopes": None}, "/scopes"), ({"name": "x", "scopes": "read"}, "/scopes"),
        ({"name": "x", "scopes": []}, "/scopes"), ({"name": "x", "scopes": ["admin"]}, "/scopes/0"),
        ({"name": "x", "scopes": [5]}, "/scopes/0"), ({"name": "x", "token": "mine"}, "/token"), ([], "/_schema"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_told_so(system: System, body: Any, pointer: str) -> None:
    headers = {"Content-Type": "application/json"}
    answer = system.client.post("/api/keys", content=json.dumps(body), headers=headers)
    assert (answer.status_code, answer.headers["Content-Type"]) == (422, "application/problem+json"), answer.text
    assert pointer in [found["pointer"] for found in answer.json()["errors"]]
