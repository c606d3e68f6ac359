"""Ended sessions: remembered as long as somebody could still send their cookies."""

from datetime import UTC, datetime

from sqlalchemy import func, select, update

from models import store
from models.accounts import ended_sessions
from models.accounts.keys import Owner
from models.tables import ended_sessions as table


def test_an_ended_session_stays_ended(owner: Owner) -> None:
    with store.write() as db:
        ended_sessions.add(db, "one")
        ended_sessions.add(db, "one")
        assert ended_sessions.has(db, "one")
        assert not ended_sessions.has(db, "other")
        assert "one" not in db.execute(select(table.c.digest)).scalars().all(), "only a hash is stored"


def test_sessions_whose_cookies_have_expired_are_forgotten(owner: Owner) -> None:
    with store.write() as db:
        ended_sessions.add(db, "old")
        db.execute(update(table).values(ended_at=datetime.now(UTC) - ended_sessions.KEPT))
        ended_sessions.add(db, "new")
        assert db.execute(select(func.count()).select_from(table)).scalar() == 1
        assert ended_sessions.has(db, "new")
