"""The list of all differences between the databases: what each of them has to implement."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import URL, ColumnElement, Connection, Engine, Select, Table
from sqlalchemy.dialects.postgresql.dml import Insert as PostgresInsert
from sqlalchemy.dialects.sqlite.dml import Insert as SqliteInsert
from sqlalchemy.exc import DBAPIError

# A batch of rows by column. A column is one value a row, or (as a plain value) the same value for all rows. Moments are
# texts in UTC, or microseconds since 1970.
Columns = Mapping[str, Any]

ROW_ID = "row_id"
"""The name of a key that has the values of Dialect.row_id."""


@dataclass(slots=True)
class SessionLimits:
    """What ends a connection of a process, or a statement on it: seconds, 0 for nothing.

    A worker keeps the connections that its claims name, so these may be idle for longer than a task may run.
    """

    statement: float = 0.0
    idle: float = 600.0
    silence: float = 0.0
    """How long a statement may wait for its server until somebody looks whether that is away."""
    pooled: bool = False
    """Whether the connections go through a pooler that gives each transaction another session."""
    reserve: int = 0
    """How many connections this process leaves to others, of those that the server allows."""


class Dialect(Protocol):
    def __hash__(self) -> int: ...

    shard_rows: int
    """How many rows of an upload make a shard."""
    builds_indexes_beside_writers: bool
    """Whether an index can be built while others write. Each migration then is a transaction of its own."""
    has_partitions: bool
    """Whether a table can consist of partitions."""
    read_options: dict[str, Any]
    """Execution options of a connection that only reads."""
    snapshot_options: dict[str, Any]
    """Those of one whose transaction sees one state of the database, however long it reads."""

    @property
    def unavailable_errors(self) -> tuple[type[Exception], ...]:
        """The driver's errors when the database does not answer."""

    def engine_options(self, url: URL, limits: SessionLimits) -> dict[str, Any]: ...

    def prepare(self, engine: Engine, limits: SessionLimits) -> None:
        """Register what happens when connections are opened and transactions begin."""

    def pause_bulk_writer(self, engine: Engine) -> None:
        """Let other writers in between two bulk transactions."""

    def copy_log(self, engine: Engine) -> None:
        """Copy a log of writes to the database, so that no writer has to do it and readers find it short."""

    def open_read_cursor(self, connection: Any, pooled: bool) -> Any:
        """Open a cursor of the driver that only reads: no transaction, and statements stay prepared if they may."""

    def clock(self) -> ColumnElement[float]:
        """The database's clock, in seconds. Leases use no other clock."""

    def insert(self, table: Table) -> PostgresInsert | SqliteInsert:
        """An INSERT that has ON CONFLICT."""

    def skip_locked(self, query: Select[Any], table: Table) -> Select[Any]:
        """Make a query skip rows that another transaction has locked, and lock the others."""

    def bulk_insert(self, db: Connection, table: Table, columns: Columns, rows: int) -> None:
        """Insert a batch of rows. Raises DuplicateKey when a unique key exists already."""

    def bulk_add_counts(
        self, db: Connection, table: Table, columns: Columns, count: str, replaced: Sequence[str] = ()
    ) -> None:
        """Insert a batch of rows with distinct keys; where a key exists already, add to its count.

        `replaced`: the columns of such a row that get their new values.
        """

    def row_id(self, table: Table) -> ColumnElement[Any]:
        """What names a row of a table for the rest of a transaction that has locked it. As a key it is ROW_ID.

        Two rows of a table with partitions may share it: there, the partition's column belongs to the key too.
        """

    def bulk_update(self, db: Connection, table: Table, keys: Columns, columns: Columns) -> None:
        """Change the rows that have these keys. Raises DuplicateKey when a unique key exists already."""

    def bulk_delete(self, db: Connection, table: Table, keys: Columns) -> None:
        """Delete the rows that have these keys."""

    def bulk_move(self, db: Connection, source: Table, target: Table, keys: Columns, columns: Columns) -> None:
        """Move the rows with these keys to a table that has the same columns, and more. Raises DuplicateKey too."""

    def find_existing(
        self, db: Connection, column: Any, values: Sequence[Any], where: ColumnElement[bool]
    ) -> Iterable[Any]:
        """Return those of many values that a column has already."""

    def is_one_of(self, column: Any, values: Sequence[Any], name: str = "one_of") -> ColumnElement[bool]:
        """Match rows in which a column has one of many values. `name`: that of the parameter."""

    def list_parameter(self, values: Iterable[Any]) -> Any:
        """Return many values as the parameter of `is_one_of`."""

    def has_bit(self, bits: Any, number: int) -> ColumnElement[bool]:
        """Match rows in whose bits the one with a number is set. The number counts modulo how many there are."""

    def lock(self, db: Connection, name: str) -> None:
        """Take a named lock until the transaction ends."""

    def lock_table(self, db: Connection, table: Table) -> None:
        """Keep others from writing to a table until the transaction ends, and see what they have written before."""

    def session_lock(self, db: Connection, name: str) -> AbstractContextManager[None]:
        """Hold a named lock, across transactions, until the block ends."""

    def owner(self, db: Connection) -> str:
        """Name the holder of this connection, so that `evict` can find it."""

    def is_transient(self, error: DBAPIError) -> bool:
        """Return whether an error is trouble of the database that passes, and not the fault of the statement."""

    def is_out_of_time(self, error: DBAPIError) -> bool:
        """Return whether a statement was ended because it took too long."""

    def is_read_only(self, db: Connection) -> bool:
        """Return whether the database accepts no writes, as one that follows another."""

    def is_full(self, error: DBAPIError) -> bool:
        """Return whether the database has no room left on its disk."""

    def refresh_statistics(self, db: Connection) -> list[str]:
        """Let the planner look at tables that have grown several times over; return their names."""

    def ended(self, db: Connection, owners: Sequence[str]) -> set[str]:
        """Return those of some owners that are no more: processes that were killed, or connections that have ended."""

    def evict(self, db: Connection, owner: str) -> bool:
        """End what the owner may still hold open: its transaction and its locks.

        Return whether it waited for the database, or lost its connection when the database restarted: then what it
        worked on is not to blame.
        """


def adding_clause(table: Table, count: str, replaced: Sequence[str]) -> str:
    """The end of an INSERT that adds to a count where the key exists already, and replaces other columns."""
    changes = [f'"{count}" = {table.name}."{count}" + excluded."{count}"']
    changes += [f'"{name}" = excluded."{name}"' for name in replaced]
    keys = ", ".join(table.primary_key.columns.keys())
    return f"ON CONFLICT ({keys}) DO UPDATE SET {', '.join(changes)}"
