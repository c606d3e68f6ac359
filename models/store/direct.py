"""The direct reader: rows straight from the driver, for redirects. SQLAlchemy would take most of their time."""

from collections.abc import Mapping
from threading import Semaphore
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from models.store.compiled_query import CompiledQuery, RawRow
from models.store.dialect import Dialect

SHARE = 4  # one of so many connections of a process is a direct reader's


def share(connections: int) -> int:
    """How many of a process's connections are for direct reads. It has many more threads than connections."""
    return max(1, connections // SHARE)


class DirectReader:
    """A few connections, shared by all threads of a process, each with its prepared statements.

    The last one used is used first. It reads single rows, without transactions.
    """

    def __init__(self, engine: Engine, dialect: Dialect, most_connections: int, pooled: bool = False) -> None:
        self.engine = engine
        self.pooled = pooled
        self.dialect = dialect
        self.slots = Semaphore(most_connections)
        self.idle_cursors: list[Any] = []

    def all(self, query: CompiledQuery, values: Mapping[str, Any]) -> list[RawRow]:
        """Return all rows. A connection that has ended since its last use is replaced, and the query repeated."""
        parameters = query.parameters(values)
        with self.slots:
            try:
                rows = self._fetch_on_idle(query.text, parameters)
            except self.dialect.unavailable_errors:
                self.close()
                rows = self._fetch_on_new(query.text, parameters)
        return [query.convert(row) for row in rows]

    def close(self) -> None:
        while self.idle_cursors:
            self.idle_cursors.pop().connection.close()

    def _fetch_on_idle(self, text: str, parameters: Any) -> list[RawRow]:
        # Popping is atomic and asking before is not: another thread may take the last cursor in between.
        try:
            cursor = self.idle_cursors.pop()
        except IndexError:
            return self._fetch_on_new(text, parameters)
        return self._fetch(cursor, text, parameters)

    def _fetch_on_new(self, text: str, parameters: Any) -> list[RawRow]:
        try:
            pooled = self.engine.raw_connection()
            connection = pooled.driver_connection
            pooled.detach()
            return self._fetch(self.dialect.open_read_cursor(connection, self.pooled), text, parameters)
        except self.dialect.unavailable_errors as error:
            raise OperationalError(text, None, error) from error

    def _fetch(self, cursor: Any, text: str, parameters: Any) -> list[RawRow]:
        cursor.execute(text, parameters)
        rows: list[RawRow] = cursor.fetchall()
        self.idle_cursors.append(cursor)
        return rows
