"""API keys: found by token or consumer key and secret, recorded when used, and revoked."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from models import store
from models.accounts import keys
from models.accounts.keys import Owner
from models.tables import keys as table


@pytest.fixture
def key(owner: Owner) -> dict[str, Any]:
    with store.write() as db:
        return keys.add(db, owner.workspace_id, "a key", ["read"])


def by_consumer(consumer_key: str, secret: str) -> Owner | None:
    with store.read() as db:
        return keys.by_consumer(db, consumer_key, secret)


def get(owner: Owner, key_id: str) -> keys.ApiKey:
    with store.read() as db:
        api_key = keys.get(db, int(key_id), owner.workspace_id)
    assert api_key
    return api_key


def test_a_key_is_found_by_its_consumer_key_and_secret(owner: Owner, key: dict[str, Any]) -> None:
    found_owner = by_consumer(key["consumer_key"], key["consumer_secret"])
    assert found_owner == Owner(int(key["id"]), owner.workspace_id, "enterprise", frozenset({"read"}), to_touch=True)


@pytest.mark.parametrize("wrong", ["", "x", "\0", "\ud800", "ü", "x" * 10_000])
def test_a_wrong_consumer_key_or_secret_has_no_owner(key: dict[str, Any], wrong: str) -> None:
    assert by_consumer(key["consumer_key"], wrong) is None
    assert by_consumer(wrong, key["consumer_secret"]) is None
    assert by_consumer(key["consumer_secret"], key["consumer_key"]) is None


def test_only_hashes_of_secrets_are_stored(key: dict[str, Any]) -> None:
    with store.read() as db:
        stored = " ".join(map(str, db.execute(table.select().where(table.c.id == int(key["id"]))).one()))
    assert key["token"] not in stored
    assert key["consumer_secret"] not in stored


def test_a_revoked_key_has_no_owner(owner: Owner, key: dict[str, Any]) -> None:
    with store.write() as db:
        keys.revoke(db, int(key["id"]))
        assert keys.by_token(db, key["token"]) is None
    assert by_consumer(key["consumer_key"], key["consumer_secret"]) is None
    assert get(owner, key["id"]).revoked_at


def test_a_use_is_recorded_once_a_minute(owner: Owner, key: dict[str, Any]) -> None:
    def use() -> Owner:
        with store.write() as db:
            key_owner = keys.by_token(db, key["token"])
            assert key_owner
            keys.touch(db, key_owner.key_id)
        return key_owner

    assert use().to_touch
    first = get(owner, key["id"]).last_used_at
    assert first
    assert not use().to_touch
    assert get(owner, key["id"]).last_used_at == first
    with store.write() as db:
        old = datetime.now(UTC) - timedelta(minutes=2)
        db.execute(update(table).where(table.c.id == int(key["id"])).values(last_used_at=old))
    assert use().to_touch
    latest = get(owner, key["id"]).last_used_at
    assert latest is not None
    assert latest > old


def test_a_new_key_brings_a_new_workspace_with_its_webhook_secret(owner: Owner) -> None:
    with store.write() as db:
        first = keys.create(db, "shop", "pro", "first", ["read", "write"])
        second = keys.create(db, "shop", None, "second", ["read"])
        key_owner = keys.by_token(db, second["token"])
    assert first["webhook_secret"].startswith("whsec_")
    assert "webhook_secret" not in second
    assert second["workspace_id"] == first["workspace_id"]
    assert key_owner
    assert (key_owner.plan, key_owner.scopes) == ("pro", frozenset({"read"}))


def test_keys_of_a_workspace_are_listed_by_id(owner: Owner) -> None:
    with store.write() as db:
        ids = [int(keys.add(db, owner.workspace_id, name, ["read"])["id"]) for name in ("a", "b")]
        keys.create(db, "other", None, "c", ["read"])
        listed = [api_key.id for api_key in keys.page(db, owner.workspace_id, 0, 10)]
        assert listed == sorted([owner.key_id, *ids])
        assert [api_key.id for api_key in keys.page(db, owner.workspace_id, listed[0], 1)] == listed[1:2]
