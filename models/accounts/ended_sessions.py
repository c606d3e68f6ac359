"""Sessions of the dashboard that were ended by signing out: their cookies stay valid, so they are remembered here."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, delete, select

from models import store
from models.accounts.keys import digest
from models.tables import ended_sessions

KEPT = timedelta(days=1)  # longer than any cookie is valid


def add(db: Connection, session_id: str) -> None:
    """End a session, and forget those whose cookies have expired."""
    now = datetime.now(UTC)
    row = {"digest": digest(session_id), "ended_at": now}
    db.execute(store.dialect().insert(ended_sessions).values(row).on_conflict_do_nothing())
    db.execute(delete(ended_sessions).where(ended_sessions.c.ended_at < now - KEPT))


def has(db: Connection, session_id: str) -> bool:
    query = select(ended_sessions.c.digest).where(ended_sessions.c.digest == digest(session_id))
    return db.execute(query).first() is not None
