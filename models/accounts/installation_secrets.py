"""Secrets of the installation: rows, so that every host and every DATA_DIR on the same database has the same ones."""

import secrets
from functools import cache

from sqlalchemy import Connection, select

from models import process_caches, store
from models.tables import secrets as table

SLUG_KEY = "slug"
SESSION_KEY = "session"
WEBHOOK_KEY = "webhook"
VISITOR_KEY = "visitor"
ALL = (SLUG_KEY, SESSION_KEY, WEBHOOK_KEY, VISITOR_KEY)
BYTES = 32


def make(db: Connection) -> None:
    """Makes those that are missing; whoever comes second keeps the first one's."""
    rows = [{"name": name, "value": secrets.token_bytes(BYTES)} for name in ALL]
    db.execute(store.dialect().insert(table).on_conflict_do_nothing(), rows)


@process_caches.function
@cache
def known(name: str) -> bytes:
    """Asked once by each process, at first use: there may be no database before, and they never change."""
    with store.read() as db:
        return get(db, name)


def get(db: Connection, name: str) -> bytes:
    return bytes(db.execute(select(table.c.value).where(table.c.name == name)).scalar_one())
