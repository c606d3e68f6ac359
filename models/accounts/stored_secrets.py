"""Every secret that the database stores, and sealing those again that are not sealed under the newest key."""

from typing import Any

from sqlalchemy import Column, Connection, Text, select, type_coerce, update

from models import sealing, store
from models.accounts import installation_secrets
from models.tables import endpoints, secrets, workspaces

TEXTS = (workspaces.c.webhook_secret, workspaces.c.old_webhook_secret, endpoints.c.secret, endpoints.c.old_secret)


def seal(db: Connection) -> None:
    """Seal what is not sealed under the newest key. Raise SettingsError when the key of what is sealed is missing."""
    has_key = bool(sealing.keys())  # before any statement, which would wrap the error of an unreadable file
    store.dialect().lock(db, "stored secrets")
    _seal_installation_secrets(db)
    if has_key:
        for column in TEXTS:
            _seal_texts(db, column)


def _seal_installation_secrets(db: Connection) -> None:
    """There are few, so all are read: that is also the check of the key at every start."""
    for name in db.execute(select(secrets.c.name)).scalars().all():
        value = installation_secrets.read(db, name)
        db.execute(update(secrets).where(secrets.c.name == name).values(value=value))


def _seal_texts(db: Connection, column: Column[Any]) -> None:
    """The types of the columns unseal what is read and seal what is written."""
    key = column.table.c.id
    is_sealed = type_coerce(column, Text).startswith(sealing.seal_prefix().decode())
    query = select(key, column).where(column.is_not(None), ~is_sealed)
    for row_id, text in db.execute(query).all():
        db.execute(update(column.table).where(key == row_id).values({column: text}))
