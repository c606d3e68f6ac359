"""Which key a caller has, and recording that it was used."""

import structlog
from sqlalchemy.exc import SQLAlchemyError

from models import store
from models.accounts import ended_sessions, keys, workspaces
from models.accounts.keys import Owner

RECORD_SECONDS = 0.001  # how long recording a use may wait for the write lock: the next use will do as well

log = structlog.get_logger()


def find_token_owner(token: str) -> Owner | None:
    if not keys.is_token(token):
        return None
    with store.read() as db:
        return keys.by_token(db, token)


def find_consumer_owner(key: str, secret: str) -> Owner | None:
    """Find the owner of the key and secret that WordPress plugins use."""
    if not key or not secret:
        return None
    with store.read() as db:
        return keys.by_consumer(db, key, secret)


def find_session_owner(session_id: str, key_id: int) -> Owner | None:
    """Find the owner of a session's key; None once the session has ended or the key is revoked."""
    with store.read() as db:
        return None if ended_sessions.has(db, session_id) else keys.by_id(db, key_id)


def end_session(session_id: str) -> None:
    with store.write() as db:
        ended_sessions.add(db, session_id)


def workspace_name(owner: Owner) -> str:
    with store.read() as db:
        return str(workspaces.get(db, owner.workspace_id).name)


def record_use(key_id: int) -> None:
    """Record that a key was used. A use that cannot be recorded at once is left out."""
    try:
        with store.write(RECORD_SECONDS) as db:
            keys.touch(db, key_id)
    except SQLAlchemyError as error:
        log.debug("key_use_not_recorded", key_id=key_id, reason=error)
