"""What a database has to answer for: the list of all differences between the stores."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Connection, Engine, Select, Table
from sqlalchemy.dialects.postgresql.dml import Insert as PostgresInsert
from sqlalchemy.dialects.sqlite.dml import Insert as SqliteInsert
from sqlalchemy.exc import DBAPIError

# A column of a batch: one value a row, or (as a plain value) the same for all rows.
Columns = Mapping[str, Any]


class Dialect(Protocol):
    def __hash__(self) -> int: ...

    shard_rows: int
    reading: dict[str, Any]
    """Execution options of a connection that only looks."""

    @property
    def away(self) -> tuple[type[Exception], ...]:
        """The driver's own errors when the database does not answer."""

    def engine_options(self) -> dict[str, Any]: ...

    def prepare(self, engine: Engine) -> None: ...

    def rest(self, engine: Engine) -> None:
        """What a bulk writer does between two transactions, so that others get in and nothing piles up."""

    def straighten(self, raw: Any) -> Any:
        """A cursor of the driver's, for reading only: no transaction, and statements stay prepared."""

    def clock(self) -> ColumnElement[float]:
        """The database's own clock, in seconds: the only one that leases trust."""

    def insert(self, table: Table) -> PostgresInsert | SqliteInsert:
        """An INSERT that knows ON CONFLICT."""

    def skip_locked(self, query: Select[Any], table: Table) -> Select[Any]:
        """Makes a claim pass over rows that somebody else is claiming."""

    def bulk_insert(self, db: Connection, table: Table, columns: Columns, rows: int) -> None:
        """Writes a batch of columns; errors.Taken when a unique key is there already."""

    def bulk_add(self, db: Connection, table: Table, columns: Columns, count: str) -> None:
        """Writes a batch of columns of one length, no key twice; what is there already is counted up."""

    def present(self, db: Connection, column: Any, values: Sequence[Any], where: ColumnElement[bool]) -> Iterable[Any]:
        """Which of many values a column has already."""

    def among(self, column: Any, values: Sequence[Any]) -> ColumnElement[bool]:
        """Whether a row has one of many values there."""

    def join_at_large(self, db: Connection) -> None:
        """Rows that were just written are in no statistics: joins of this transaction are planned for many of them."""

    def make_light(self, db: Connection) -> None:
        """This transaction need not be on the disk when it ends: what a power cut takes of it will be done again."""

    def lock(self, db: Connection, name: str) -> None:
        """Lets one transaction at a time through, until its end."""

    def owner(self, db: Connection) -> str:
        """A mark of whoever holds this connection, by which `evict` finds it again."""

    def passing(self, error: DBAPIError) -> bool:
        """Whether an error is the database's own trouble, which passes, and no fault of what was asked of it."""

    def evict(self, db: Connection, owner: str) -> None:
        """Makes sure that a transaction which the owner may have left open holds nothing any more."""
