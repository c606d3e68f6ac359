"""Secrets in the database: encrypted under the key of SECRET_KEY_FILE from the next start on."""

import base64
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from models import migrate, process_caches, store
from models.accounts import installation_secrets, workspaces
from models.accounts.installation_secrets import SESSION_KEY
from models.accounts.keys import Owner
from models.errors import SettingsError
from models.webhooks import endpoints

Restart = Callable[..., None]

STATEMENTS = (
    "SELECT webhook_secret FROM workspaces",
    "SELECT old_webhook_secret FROM workspaces",
    "SELECT secret FROM endpoints",
    "SELECT old_secret FROM endpoints",
    "SELECT value FROM secrets",
)


def new_key() -> str:
    return base64.b64encode(os.urandom(32)).decode()


@pytest.fixture
def restart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Restart:
    """Start again with a file that has these keys, or without a file."""

    def again(*keys: str) -> None:
        path = tmp_path / "secret-keys"
        path.write_text("\n".join(keys))
        monkeypatch.setenv("SECRET_KEY_FILE", str(path) if keys else "")
        store.engine().dispose()
        process_caches.reset_all()
        migrate.upgrade()

    return again


@pytest.fixture
def endpoint_id(owner: Owner) -> int:
    """An endpoint and a workspace that have an old secret as well."""
    with store.write() as db:
        endpoint = endpoints.add(db, owner.workspace_id, "https://hooks.example/", [])
        endpoints.rotate_secret(db, endpoint.id)
        endpoints.rotate_workspace_secret(db, owner.workspace_id)
    return endpoint.id


def stored() -> list[bytes]:
    """Every secret as it lies in the database."""
    values: list[bytes] = []
    with store.read() as db:
        for statement in STATEMENTS:
            for value in filter(None, db.exec_driver_sql(statement).scalars()):
                values.append(value.encode() if isinstance(value, str) else bytes(value))
    return values


def usable(owner: Owner, endpoint_id: int) -> list[object]:
    """Every secret as our code reads it."""
    with store.read() as db:
        return [
            endpoints.signing_secrets(db, endpoint_id, owner.workspace_id),
            endpoints.signing_secrets(db, 0, owner.workspace_id),
            workspaces.get(db, owner.workspace_id).webhook_secret,
            *(installation_secrets.read(db, name) for name in installation_secrets.ALL),
        ]


def test_an_installation_that_gets_a_key_encrypts_what_it_has(owner: Owner, endpoint_id: int, restart: Restart) -> None:
    before = usable(owner, endpoint_id)
    assert not any(value.startswith(b"sealed:") for value in stored())
    restart(new_key())
    assert len(stored()) == len(STATEMENTS) - 1 + len(installation_secrets.ALL)
    assert all(value.startswith(b"sealed:") for value in stored())
    assert usable(owner, endpoint_id) == before


def test_what_is_written_later_is_encrypted_too(owner: Owner, endpoint_id: int, restart: Restart) -> None:
    restart(new_key())
    with store.write() as db:
        added = endpoints.add(db, owner.workspace_id, "https://hooks.example/2", [])
        rotated = endpoints.rotate_secret(db, endpoint_id)
        assert endpoints.signing_secrets(db, added.id, owner.workspace_id) == [added.secret]
        assert endpoints.signing_secrets(db, endpoint_id, owner.workspace_id)[0] == rotated
    assert all(value.startswith(b"sealed:") for value in stored())


def test_a_new_key_before_the_old_one_takes_over(owner: Owner, endpoint_id: int, restart: Restart) -> None:
    before = usable(owner, endpoint_id)
    old, new = new_key(), new_key()
    restart(old)
    under_old = stored()
    restart(new, old)
    assert not set(stored()) & set(under_old)
    restart(new)
    assert usable(owner, endpoint_id) == before


def test_a_restart_with_the_same_key_leaves_the_texts_alone(owner: Owner, endpoint_id: int, restart: Restart) -> None:
    key = new_key()
    restart(key)
    before = set(stored())
    restart(key)
    assert len(before & set(stored())) >= len(STATEMENTS) - 1


@pytest.mark.parametrize("keys", [(), (new_key(),)], ids=["no file", "another key"])
def test_without_the_right_key_nothing_starts(
    owner: Owner, endpoint_id: int, restart: Restart, keys: tuple[str, ...]
) -> None:
    right = new_key()
    restart(right)
    before = stored()
    with pytest.raises(SettingsError, match=r"^SECRET_KEY_FILE='[^\n]*': expected [^\n]* are encrypted$"):
        restart(*keys)
    assert stored() == before
    with store.read() as db, pytest.raises(SettingsError):
        installation_secrets.read(db, SESSION_KEY)


@pytest.mark.parametrize("content", ["", "short", "x" * 44, base64.b64encode(b"x" * 31).decode(), "ü" * 44])
def test_a_file_without_a_key_is_refused(owner: Owner, restart: Restart, content: str) -> None:
    with pytest.raises(SettingsError, match="openssl rand -base64 32"):
        restart(content)
