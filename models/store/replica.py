"""The replica of DATABASE_READ_URL: where lists and redirects read while it answers and has replayed what they need.

A position is one in the primary's write-ahead log. The replica has what was committed before it once it has replayed
the log up to there.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from models.store.compiled_query import CompiledQuery, RawRow
from models.store.direct import DirectReader

AWAY_SECONDS = 5.0
"""How long the primary does all the work after the replica did not answer."""
POSITION = "SELECT pg_current_wal_lsn()::text"
HAS_REPLAYED = "SELECT NOT pg_is_in_recovery() OR pg_last_wal_replay_lsn() >= %s::pg_lsn"

log = structlog.get_logger()


class Replica:
    """A process's connections to the replica. Redirects wait for a position after each change of links."""

    def __init__(self, engine: Engine, primary: Engine, reader: DirectReader) -> None:
        self.engine = engine
        self.primary = primary
        self.reader = reader
        self.away_until = 0.0
        self.position: str | None = None
        self.is_behind = False

    def find_position(self) -> str:
        """Return the present end of the primary's log."""
        with self.primary.connect() as db:
            return str(db.exec_driver_sql(POSITION).scalar_one())

    @contextmanager
    def read(self, position: str | None) -> Iterator[Connection | None]:
        """Open a connection that reads; None when the replica is away or has not replayed the log up to a position."""
        with ExitStack() as stack:
            yield self._open(position, stack)

    def expect_change(self) -> None:
        """Have redirects read the primary until the replica has what is committed now."""
        self.is_behind = True

    def find_links(self, query: CompiledQuery, values: Mapping[str, Any]) -> list[RawRow] | None:
        """Return the rows of a direct query; None when the primary has to be asked."""
        try:
            if time.monotonic() < self.away_until or not self._has_caught_up():
                return None
            return self.reader.all(query, values)
        except SQLAlchemyError as error:
            self._leave(error)
            return None

    def _has_caught_up(self) -> bool:
        if self.is_behind:
            self.is_behind = False  # before the log is asked: a later change sets it again
            self.position = self.find_position()
        position = self.position
        if position is None:
            return True
        with self.read(position) as db:
            if db is None:
                return False
        if self.position == position:
            self.position = None
        return True

    def _open(self, position: str | None, stack: ExitStack) -> Connection | None:
        if time.monotonic() < self.away_until:
            return None
        try:
            connection = stack.enter_context(self.engine.connect()).execution_options(isolation_level="AUTOCOMMIT")
            if position is None or connection.exec_driver_sql(HAS_REPLAYED, (position,)).scalar_one():
                return connection
        except SQLAlchemyError as error:
            self._leave(error)
        return None

    def _leave(self, error: SQLAlchemyError) -> None:
        self.away_until = time.monotonic() + AWAY_SECONDS
        log.warning("replica_unavailable", reason=error)
