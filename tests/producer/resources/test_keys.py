"""API keys: a key grants no scope that it lacks, and is refused once it is revoked."""

from dataclasses import replace

import pytest

from models.accounts.keys import Owner
from models.errors import Forbidden, NotFound
from producer.resources import authentication, keys


def test_a_key_without_named_scopes_has_those_of_its_creator(owner: Owner) -> None:
    reader = replace(owner, scopes=frozenset(["read"]))
    assert keys.create_key(reader, "reader")["scopes"] == ["read"]
    assert keys.create_key(owner, "both")["scopes"] == ["read", "write"]


def test_a_key_cannot_grant_a_scope_that_it_lacks(owner: Owner) -> None:
    reader = replace(owner, scopes=frozenset(["read"]))
    with pytest.raises(Forbidden, match="lacks the scope 'write' itself"):
        keys.create_key(reader, "writer", ["write"])


def test_only_the_answer_of_its_creation_has_the_secrets(owner: Owner) -> None:
    key = keys.create_key(owner, "new")
    assert {"token", "consumer_key", "consumer_secret"} <= set(key)
    assert "token" not in keys.show_key(owner, key["id"])


def test_a_revoked_key_is_refused_and_stays_in_the_list(owner: Owner) -> None:
    key = keys.create_key(owner, "old")
    assert authentication.find_token_owner(key["token"]) is not None
    keys.revoke_key(owner, key["id"])
    assert authentication.find_token_owner(key["token"]) is None
    assert keys.list_keys(owner, 0, 10).items[-1]["revoked_at"]


@pytest.mark.parametrize("key_id", ["1", "", "not a number", "9" * 30])
def test_an_unknown_key_is_not_found(owner: Owner, key_id: str) -> None:
    with pytest.raises(NotFound):
        keys.show_key(owner, key_id)
