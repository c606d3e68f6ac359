"""What a workspace has written: how far the replica must be before a list of that workspace may be read there."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import structlog
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from models import store
from models.store import Connection
from producer.signals import broker

PREFIX = "linkmill:written:"
KEPT_SECONDS = 86_400  # no replica is further behind
NOTHING = ""
NEVER = "FFFFFFFF/FFFFFFFF"
"""A position that no log reaches, for a write after which the primary did not say where its log ended."""
AWAY_SECONDS = 60

log = structlog.get_logger()


def mark(workspace_id: int) -> None:
    """Remember the end of the primary's log after a workspace has written something, in a request or by a job."""
    replica = store.replica()
    if replica is None:
        return
    seconds = KEPT_SECONDS
    try:
        position = replica.find_position()
    except SQLAlchemyError:
        position = NEVER
        seconds = AWAY_SECONDS
    try:
        broker.client().set(f"{PREFIX}{workspace_id}", position, ex=seconds)
    except (RedisError, OSError) as error:
        log.warning("write_not_marked", reason=error)


@contextmanager
def read_list(workspace_id: int) -> Iterator[Connection]:
    """Open a transaction that reads: on the replica, if that has all that the workspace has written."""
    with ExitStack() as transaction:
        db = _open_copy(workspace_id, transaction)
        if db is None:
            db = transaction.enter_context(store.read())
        yield db


def _open_copy(workspace_id: int, transaction: ExitStack) -> Connection | None:
    replica = store.replica()
    position = _last_position(workspace_id) if replica else None
    if replica is None or position is None:
        return None
    return transaction.enter_context(replica.read(position or None))


def _last_position(workspace_id: int) -> str | None:
    """Return where the last write of a workspace ended; None while Redis, which keeps it, is away."""
    try:
        return str(broker.client().get(f"{PREFIX}{workspace_id}") or NOTHING)
    except (RedisError, OSError):
        return None
