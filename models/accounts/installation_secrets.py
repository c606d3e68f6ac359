"""Secrets of the installation: rows, so that every host and every DATA_DIR on one database has the same ones."""

import secrets
from functools import cache

from sqlalchemy import Connection, select

from models import process_caches, store
from models.tables import secrets as table

SLUG_KEY = "slug"
SESSION_KEY = "session"
WEBHOOK_KEY = "webhook"
VISITOR_KEY = "visitor"
PROOF_KEY = "proof"
ALL = (SLUG_KEY, SESSION_KEY, WEBHOOK_KEY, VISITOR_KEY, PROOF_KEY)
BYTES = 32


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
