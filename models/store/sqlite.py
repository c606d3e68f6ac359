"""SQLite: one writer at a time, so writers queue politely; a writer that froze is ended by its process id."""

import json
import os
import signal
import sqlite3
import time
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from itertools import repeat
from typing import Any

import psutil
from sqlalchemy import URL, ColumnElement, Connection, Engine, Select, Table, event, func, literal_column, select, text
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.dialects.sqlite.dml import Insert
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.types import TypeEngine

from models import process_caches
from models.errors import DuplicateKey
from models.store import sqlite_limit, sqlite_turns
from models.store.dialect import ROW_ID, Columns, SessionLimits, adding_clause

LOCK_SECONDS = 15.0
BUSY_TIMEOUT_MS = 5000
TRANSIENT_CODES = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)
PAUSE_SECONDS = 0.003  # of a bulk writer, in which small writers get the lock
# SQLite starts its write-ahead log again only when no reader and no writer uses it. Under steady bulk writing that
# never happens by itself, so a bulk writer restarts a log of this size, in the gap between two writers.
LARGEST_LOG = 256 << 20  # bytes
SMALL_LOG = 16 << 20
PAGE_BYTES = 4096
READ_CURSOR_CACHE = -8192  # kilobytes: each web process has several such connections
PRAGMAS = (
    "journal_mode = WAL",
    f"busy_timeout = {BUSY_TIMEOUT_MS}",
    "cache_size = -65536",
    "temp_store = MEMORY",
    f"wal_autocheckpoint = {LARGEST_LOG // PAGE_BYTES}",
    f"journal_size_limit = {LARGEST_LOG}",
)
# By whether a commit is durable. FULL syncs the log, so every commit before it too; NORMAL leaves that to later ones.
SYNCHRONOUS = {True: "FULL", False: "NORMAL"}
ENDED = (None, psutil.STATUS_ZOMBIE)
WAITING = (psutil.STATUS_SLEEPING, psutil.STATUS_DISK_SLEEP)  # for the lock of all writers, or for the disk


class SQLite:
    shard_rows = 15_000  # a tenth of a second of the only lock
    builds_indexes_beside_writers = False
    has_partitions = False
    read_options: dict[str, Any] = {}
    snapshot_options: dict[str, Any] = {}
    unavailable_errors: tuple[type[Exception], ...] = (sqlite3.OperationalError,)

    def engine_options(self, url: URL, limits: SessionLimits) -> dict[str, Any]:
        return {"connect_args": {"check_same_thread": False}}

    def prepare(self, engine: Engine, limits: SessionLimits) -> None:
        event.listen(engine, "connect", _configure)
        event.listen(engine, "begin", _begin)
        if limits.statement:
            sqlite_limit.listen(engine, limits.statement)

    def pause_bulk_writer(self, engine: Engine) -> None:
        time.sleep(PAUSE_SECONDS)
        if sqlite_turns.log_size(str(engine.url.database)) > LARGEST_LOG:
            _restart_log(engine)

    def copy_log(self, engine: Engine) -> None:
        if sqlite_turns.log_size(str(engine.url.database)) > SMALL_LOG:
            with closing(engine.raw_connection()) as pooled:
                connection = pooled.driver_connection
                assert isinstance(connection, sqlite3.Connection)
                sqlite_turns.copy_log(connection)

    def open_read_cursor(self, connection: Any, pooled: bool) -> Any:
        connection.execute(f"PRAGMA cache_size = {READ_CURSOR_CACHE}")
        return connection.cursor()

    def clock(self) -> ColumnElement[float]:
        return literal_column("clock()")

    def insert(self, table: Table) -> Insert:
        return insert(table)

    def skip_locked(self, query: Select[Any], table: Table) -> Select[Any]:
        """Nothing to skip: a writer has the only lock."""
        return query

    def bulk_insert(self, db: Connection, table: Table, columns: Columns, rows: int) -> None:
        names = ", ".join(f'"{name}"' for name in columns)
        marks = ", ".join("?" * len(columns))
        cells = [_cells(column, table.c[name].type, rows) for name, column in columns.items()]
        statement = f"INSERT INTO {table.name} ({names}) VALUES ({marks})"
        try:
            _driver_connection(db).executemany(statement, zip(*cells, strict=False))
        except sqlite3.IntegrityError as error:
            raise DuplicateKey(str(error)) from error
        except sqlite3.OperationalError as error:
            raise OperationalError("INSERT", None, error) from error

    def bulk_add_counts(
        self, db: Connection, table: Table, columns: Columns, count: str, replaced: Sequence[str] = ()
    ) -> None:
        names = ", ".join(f'"{name}"' for name in columns)
        marks = ", ".join("?" * len(columns))
        add = adding_clause(table, count, replaced)
        statement = f"INSERT INTO {table.name} ({names}) VALUES ({marks}) {add}"
        db.exec_driver_sql(statement, list(zip(*map(_storable, columns.values()), strict=True)))

    def row_id(self, table: Table) -> ColumnElement[Any]:
        return literal_column(f"{table.name}.rowid")

    def bulk_update(self, db: Connection, table: Table, keys: Columns, columns: Columns) -> None:
        values = ", ".join(f'"{name}" = ?' for name in columns)
        statement = f"UPDATE {table.name} SET {values} WHERE {_key_condition(keys)}"
        _execute_many(db, statement, [*columns.values(), *keys.values()])

    def bulk_delete(self, db: Connection, table: Table, keys: Columns) -> None:
        _execute_many(db, f"DELETE FROM {table.name} WHERE {_key_condition(keys)}", list(keys.values()))

    def bulk_move(self, db: Connection, source: Table, target: Table, keys: Columns, columns: Columns) -> None:
        shared = [f'"{column.name}"' for column in source.c if column.name in target.c]
        names = ", ".join([*(f'"{name}"' for name in columns), *shared])
        values = ", ".join([*("?" for _ in columns), *shared])
        copy = f"INSERT INTO {target.name} ({names}) SELECT {values} FROM {source.name} WHERE {_key_condition(keys)}"
        _execute_many(db, copy, [*columns.values(), *keys.values()])
        self.bulk_delete(db, source, keys)

    def find_existing(
        self, db: Connection, column: Any, values: Sequence[Any], where: ColumnElement[bool]
    ) -> Iterable[Any]:
        return db.execute(select(column).where(where, self.is_one_of(column, values))).scalars()

    def is_one_of(self, column: Any, values: Sequence[Any], name: str = "one_of") -> ColumnElement[bool]:
        # One parameter for all values: SQLite limits the number of parameters.
        json_list = text(f"SELECT value FROM json_each(:{name})").bindparams(**{name: self.list_parameter(values)})
        condition: ColumnElement[bool] = column.in_(json_list)
        return condition

    def list_parameter(self, values: Iterable[Any]) -> Any:
        return json.dumps(list(values))

    def has_bit(self, bits: Any, number: int) -> ColumnElement[bool]:
        condition: ColumnElement[bool] = func.has_bit(bits, number) == 1
        return condition

    def lock(self, db: Connection, name: str) -> None:
        """Nothing to do: a writer has the only lock."""

    def lock_table(self, db: Connection, table: Table) -> None:
        """Nothing to do, likewise."""

    def session_lock(self, db: Connection, name: str) -> AbstractContextManager[None]:
        """Nothing to do: what is done under such locks is done in transactions, and a writer has the only lock."""
        return nullcontext()

    def owner(self, db: Connection) -> str:
        return _process_mark(os.getpid())

    def is_transient(self, error: DBAPIError) -> bool:
        return _primary_code(error.orig) in TRANSIENT_CODES

    def is_out_of_time(self, error: DBAPIError) -> bool:
        return _primary_code(error.orig) == sqlite3.SQLITE_INTERRUPT

    def is_read_only(self, db: Connection) -> bool:
        return False

    def is_full(self, error: DBAPIError) -> bool:
        return _primary_code(error.orig) == sqlite3.SQLITE_FULL

    def refresh_statistics(self, db: Connection) -> list[str]:
        """Nothing to do: without statistics, SQLite always prefers an index."""
        return []

    def ended(self, db: Connection, owners: Sequence[str]) -> set[str]:
        return {owner for owner in owners if _status_of(owner) in ENDED}

    def evict(self, db: Connection, owner: str) -> bool:
        """Kill the owner if it is frozen: it holds the only lock until it ends. One that waits has no lock to free."""
        status = _status_of(owner)
        if status == psutil.STATUS_STOPPED:
            os.kill(int(owner.partition(" ")[0]), signal.SIGKILL)
        return status in WAITING


@process_caches.function
@cache
def _process_mark(pid: int) -> str:
    """Name a process for good: its id alone may be given to another process later."""
    return f"{pid} {psutil.Process(pid).create_time()}"


def _status_of(owner: str) -> str | None:
    """The status of an owner's process; None when there is no such process any more."""
    pid, _, started = owner.partition(" ")
    try:
        process = psutil.Process(int(pid))
        if str(process.create_time()) == started:
            return str(process.status())
    except psutil.NoSuchProcess:
        pass
    return None


def _cells(column: Any, kind: TypeEngine[Any], rows: int) -> Iterable[Any]:
    if not isinstance(column, list | range):
        return repeat(column, rows)
    if column and isinstance(column[0], int) and kind.python_type is datetime:
        return map(_moment, column)
    return column


def _moment(microseconds: int) -> str:
    """A moment as links have it: without a fraction where that is zero."""
    seconds, fraction = divmod(microseconds, 1_000_000)
    whole = _whole_seconds(seconds)
    return f"{whole}.{fraction:06d}" if fraction else whole


@process_caches.function
@lru_cache(maxsize=16)
def _whole_seconds(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None).isoformat(" ")


def _storable(column: list[Any]) -> list[Any]:
    return [value.isoformat() if isinstance(value, date) else value for value in column]


def _key_condition(keys: Columns) -> str:
    return " AND ".join("rowid = ?" if name == ROW_ID else f'"{name}" = ?' for name in keys)


def _execute_many(db: Connection, statement: str, columns: Sequence[Sequence[Any]]) -> None:
    try:
        _driver_connection(db).executemany(statement, zip(*columns, strict=True))
    except sqlite3.IntegrityError as error:
        raise DuplicateKey(str(error)) from error
    except sqlite3.OperationalError as error:
        raise OperationalError(statement, None, error) from error


def _driver_connection(db: Connection) -> sqlite3.Connection:
    connection = db.connection.driver_connection
    assert isinstance(connection, sqlite3.Connection)
    return connection


def _primary_code(error: BaseException | None) -> int:
    """Return SQLite's result code without the details in its upper bits."""
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF


def _configure(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # transactions begin in _begin, and not when the driver thinks best
    # SQLite's own clock counts milliseconds, and several shards are claimed in each.
    connection.create_function("clock", 0, time.time)
    connection.create_function("has_bit", 2, lambda bits, number: bits[(number >> 3) % len(bits)] >> (number & 7) & 1)
    sqlite_turns.use_log(connection, LOCK_SECONDS)
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin(db: Connection) -> None:
    options = db.get_execution_options()
    if not options.get("write"):
        db.exec_driver_sql("BEGIN")
        return
    connection = _driver_connection(db)
    deadline = time.monotonic() + (options.get("lock_timeout") or LOCK_SECONDS)
    connection.execute(f"PRAGMA synchronous = {SYNCHRONOUS[options['durable']]}")  # no longer possible after BEGIN
    connection.execute("PRAGMA busy_timeout = 0")
    database = str(db.engine.url.database)
    try:
        if options["bulk"]:
            sqlite_turns.begin_bulk(connection, database, deadline)
        else:
            sqlite_turns.begin_short(connection, database, deadline, leaves_mark=options["durable"])
    finally:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")


def _restart_log(engine: Engine) -> None:
    with closing(engine.raw_connection()) as pooled:
        connection = pooled.driver_connection
        assert isinstance(connection, sqlite3.Connection)
        try:
            sqlite_turns.restart_log(connection)
        finally:
            connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
