"""Keys of callers: which owner they lead to, and when their use is recorded."""

import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from models import store
from models.accounts import keys
from models.accounts.keys import Owner
from producer.resources import authentication
from producer.resources.keys import create_key, revoke_key
from tests.fixtures.processes import process_environment
from tests.owners import new_owner

on_sqlite = pytest.mark.parametrize("owner", ["sqlite"], indirect=True)


def last_use(owner: Owner) -> datetime | None:
    with store.read() as db:
        key = keys.get(db, owner.key_id, owner.workspace_id)
    assert key
    return key.last_used_at


def new_key(owner: Owner) -> dict[str, Any]:
    return create_key(owner, "reader", ["read"])


def test_a_caller_without_a_key_is_refused_even_while_there_is_no_database(tmp_path: Path) -> None:
    with process_environment({"DATABASE_URL": f"sqlite:///{tmp_path}/missing/linkmill.db"}):
        assert authentication.find_token_owner("") is None
        assert authentication.find_consumer_owner("", "cs_secret") is None
        assert authentication.find_consumer_owner("ck_key", "") is None


@on_sqlite
def test_a_token_leads_to_the_owner_of_its_key(owner: Owner) -> None:
    key = new_key(owner)
    key_owner = authentication.find_token_owner(key["token"])
    assert key_owner is not None
    assert (str(key_owner.key_id), key_owner.workspace_id) == (key["id"], owner.workspace_id)
    assert key_owner.scopes == {"read"}


@on_sqlite
def test_a_consumer_key_needs_its_own_secret(owner: Owner) -> None:
    key = new_key(owner)
    key_owner = authentication.find_consumer_owner(key["consumer_key"], key["consumer_secret"])
    assert key_owner is not None
    assert str(key_owner.key_id) == key["id"]
    assert authentication.find_consumer_owner(key["consumer_key"], new_key(owner)["consumer_secret"]) is None
    assert authentication.find_consumer_owner(key["consumer_key"], key["token"]) is None


@on_sqlite
def test_a_session_ends_with_its_key(owner: Owner) -> None:
    key = new_key(owner)
    assert authentication.find_session_owner("session", int(key["id"])) is not None
    revoke_key(owner, key["id"])
    assert authentication.find_session_owner("session", int(key["id"])) is None


@on_sqlite
def test_an_owner_has_the_name_of_their_workspace(owner: Owner) -> None:
    assert authentication.workspace_name(new_owner("other")) == "other"


@on_sqlite
def test_a_use_is_recorded_for_its_key_only(owner: Owner) -> None:
    other = new_owner("other")
    authentication.record_use(owner.key_id)
    assert last_use(owner) is not None
    assert last_use(other) is None


@on_sqlite
def test_a_use_is_left_out_while_another_transaction_writes(owner: Owner, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "linkmill.db", isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        authentication.record_use(owner.key_id)
        writer.execute("ROLLBACK")
    assert last_use(owner) is None
