"""Keys: found by either of their secrets, noted as used, revoked."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from models import store
from models.accounts import keys
from models.accounts.keys import Owner
from models.tables import keys as table


@pytest.fixture
def made(owner: Owner) -> dict[str, Any]:
    with store.write() as db:
        return keys.add(db, owner.workspace_id, "a key", ["read"])


def by_consumer(key: str, secret: str) -> Owner | None:
    with store.read() as db:
        return keys.by_consumer(db, key, secret)


def shown(owner: Owner, key_id: str) -> keys.ApiKey:
    with store.read() as db:
        found = keys.get(db, int(key_id), owner.workspace_id)
    assert found
    return found


def test_a_key_is_found_by_its_consumer_key_and_secret(owner: Owner, made: dict[str, Any]) -> None:
    found = by_consumer(made["consumer_key"], made["consumer_secret"])
    assert found == Owner(int(made["id"]), owner.workspace_id, "enterprise", frozenset({"read"}), to_touch=True)


@pytest.mark.parametrize("wrong", ["", "x", "\0", "\ud800", "ü", "x" * 10_000])
def test_a_wrong_half_is_nobody(made: dict[str, Any], wrong: str) -> None:
    assert by_consumer(made["consumer_key"], wrong) is None
    assert by_consumer(wrong, made["consumer_secret"]) is None
    assert by_consumer(made["consumer_secret"], made["consumer_key"]) is None


def test_only_hashes_of_secrets_are_kept(made: dict[str, Any]) -> None:
    with store.read() as db:
        kept = " ".join(map(str, db.execute(table.select().where(table.c.id == int(made["id"]))).one()))
    assert made["token"] not in kept
    assert made["consumer_secret"] not in kept


def test_a_revoked_key_is_nobody(owner: Owner, made: dict[str, Any]) -> None:
    with store.write() as db:
        keys.revoke(db, int(made["id"]))
        assert keys.by_token(db, made["token"]) is None
    assert by_consumer(made["consumer_key"], made["consumer_secret"]) is None
    assert shown(owner, made["id"]).revoked_at


def test_a_use_is_noted_once_a_minute(owner: Owner, made: dict[str, Any]) -> None:
    def use() -> Owner:
        with store.write() as db:
            found = keys.by_token(db, made["token"])
            assert found
            keys.touch(db, found.key_id)
        return found

    assert use().to_touch
    first = shown(owner, made["id"]).last_used_at
    assert first
    assert not use().to_touch
    assert shown(owner, made["id"]).last_used_at == first
    with store.write() as db:
        old = datetime.now(UTC) - timedelta(minutes=2)
        db.execute(update(table).where(table.c.id == int(made["id"])).values(last_used_at=old))
    assert use().to_touch
    latest = shown(owner, made["id"]).last_used_at
    assert latest is not None
    assert latest > old
