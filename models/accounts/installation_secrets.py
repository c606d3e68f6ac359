"""Secrets of the installation: rows, so that every host and every DATA_DIR on one database has the same ones."""

import secrets
from functools import cache

from sqlalchemy import Connection, delete, exists, insert, select

from models import process_caches, store
from models.errors import SettingsError
from models.tables import secrets as table

SLUG_KEY = "slug"
SESSION_KEY = "session"
WEBHOOK_KEY = "webhook"
VISITOR_KEY = "visitor"
PROOF_KEY = "proof"
ALL = (SLUG_KEY, SESSION_KEY, WEBHOOK_KEY, VISITOR_KEY, PROOF_KEY)
BYTES = 32

COPY = "copy"
"""The name of a row that only a copy has: a database that models.moving writes and no installation uses yet."""
UNFINISHED = b"unfinished"
COMPLETE = b"complete"


def create_missing(db: Connection) -> None:
    """Create the secrets that do not exist yet. Of two processes, the second keeps those of the first."""
    new_rows = [{"name": name, "value": secrets.token_bytes(BYTES)} for name in ALL]
    db.execute(store.dialect().insert(table).on_conflict_do_nothing(), new_rows)


@process_caches.function
@cache
def get(name: str) -> bytes:
    """A secret, read once a process: it never changes. At first use, since at import there may be no database."""
    with store.read() as db:
        return read(db, name)


def read(db: Connection, name: str) -> bytes:
    return bytes(db.execute(select(table.c.value).where(table.c.name == name)).scalar_one())


def any_exists(db: Connection) -> bool:
    """Return whether an installation uses this database, or has been copied to it."""
    return bool(db.execute(select(exists().where(table.c.name.is_not(None)))).scalar_one())


def mark_copy(db: Connection, state: bytes) -> None:
    db.execute(delete(table).where(table.c.name == COPY))
    db.execute(insert(table), {"name": COPY, "value": state})


def copy_state(db: Connection) -> bytes | None:
    """Return how far a copy is; None when this is no copy."""
    value = db.execute(select(table.c.value).where(table.c.name == COPY)).scalar_one_or_none()
    return None if value is None else bytes(value)


def adopt_copy(db: Connection) -> None:
    """Make a copy an installation of its own, which no copy may write to any more."""
    if copy_state(db) == UNFINISHED:
        raise SettingsError("DATABASE_URL: the copy to this database is not complete. Run the same command again.")
    db.execute(delete(table).where(table.c.name == COPY))
