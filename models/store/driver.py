"""Straight to the driver: for the one question that every redirect asks, SQLAlchemy would be most of the way."""

from collections.abc import Mapping
from threading import Semaphore
from typing import Any

from sqlalchemy import Engine, Select
from sqlalchemy.exc import OperationalError

from models.store.dialect import Dialect

MOST = 8  # connections: a process has many more threads, and a database not as many connections

Row = tuple[Any, ...]


class Question:
    """A query as this store's driver takes it, and its rows as SQLAlchemy would give them."""

    def __init__(self, engine: Engine, query: Select[Any]) -> None:
        compiled: Any = query.compile(engine)
        self.text = str(compiled)
        self.places: list[str] | None = compiled.positiontup
        kinds = [column.type.dialect_impl(engine.dialect) for column in query.selected_columns]
        makers = [kind.result_processor(engine.dialect, None) for kind in kinds]
        self.makers = [(at, make) for at, make in enumerate(makers) if make]

    def values(self, given: Mapping[str, Any]) -> Any:
        return [given[name] for name in self.places] if self.places else given

    def made(self, row: Row) -> Row:
        cells = list(row)
        for at, make in self.makers:
            if cells[at] is not None:
                cells[at] = make(cells[at])
        return tuple(cells)


class Straight:
    """A few connections a process, the last used first, each with its prepared statements. They belong to no thread.

    For single rows only: transactions and changes go the other way.
    """

    def __init__(self, engine: Engine, dialect: Dialect) -> None:
        self.engine = engine
        self.dialect = dialect
        self.room = Semaphore(MOST)
        self.idle: list[Any] = []

    def one(self, question: Question, given: Mapping[str, Any]) -> Row | None:
        """What fails on a connection that may have ended since its last use is asked again on a new one."""
        values = question.values(given)
        with self.room:
            try:
                row = self._ask_idle(question.text, values)
            except self.dialect.away:
                self.close()
                row = self._ask_new(question.text, values)
        return question.made(row) if row else None

    def close(self) -> None:
        while self.idle:
            self.idle.pop().connection.close()

    def _ask_idle(self, text: str, values: Any) -> Row | None:
        try:
            cursor = self.idle.pop()
        except IndexError:
            return self._ask_new(text, values)
        return self._ask(cursor, text, values)

    def _ask_new(self, text: str, values: Any) -> Row | None:
        pooled = self.engine.raw_connection()
        connection = pooled.driver_connection
        pooled.detach()
        try:
            return self._ask(self.dialect.straighten(connection), text, values)
        except self.dialect.away as error:
            raise OperationalError(text, None, error) from error

    def _ask(self, cursor: Any, text: str, values: Any) -> Row | None:
        cursor.execute(text, values)
        row: Row | None = cursor.fetchone()
        self.idle.append(cursor)
        return row
