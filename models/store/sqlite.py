"""SQLite: one writer at a time, so writers queue politely, and a writer that froze is ended by its process id."""

import json
import os
import sqlite3
import time
from collections.abc import Iterable, Sequence
from contextlib import closing
from datetime import date
from functools import cache
from itertools import repeat
from typing import Any

import psutil
from sqlalchemy import ColumnElement, Connection, Engine, Select, Table, event, literal_column, select, text
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.dialects.sqlite.dml import Insert
from sqlalchemy.exc import DBAPIError, OperationalError

from models import process_caches
from models.errors import Taken
from models.store.dialect import Columns

LOCK_SECONDS = 15.0
PASSING = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)
RETRY_SECONDS = 0.001  # SQLite's own back-off sleeps up to 100 ms, and starves whoever comes late
POOL = 12
PAUSE_SECONDS = 0.003  # in which small writers get in
LARGEST_LOG = 256 << 20  # bytes: under steady bulk writing somebody has always just added to the log of changes, and
RESTART_SECONDS = 3.0  # SQLite begins it anew only when nobody has; so it is made to, in a gap between two writers
READERS_MS = 20  # are waited for while no other writer gets in
STRAIGHT_CACHE = -8192  # kilobytes: there are several such connections in each web process
PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = NORMAL",
    "busy_timeout = 5000",
    "cache_size = -65536",
    "temp_store = MEMORY",
    "wal_autocheckpoint = 4000",
    f"journal_size_limit = {LARGEST_LOG}",
)


class SQLite:
    shard_rows = 5_000
    reading: dict[str, Any] = {}
    away: tuple[type[Exception], ...] = (sqlite3.OperationalError,)

    def engine_options(self) -> dict[str, Any]:
        return {"connect_args": {"check_same_thread": False}, "pool_size": POOL, "max_overflow": POOL}

    def prepare(self, engine: Engine) -> None:
        event.listen(engine, "connect", _connected)
        event.listen(engine, "begin", _begin)

    def rest(self, engine: Engine) -> None:
        time.sleep(PAUSE_SECONDS)
        if _log_size(engine) > LARGEST_LOG:
            _restart_log(engine)

    def straighten(self, raw: Any) -> Any:
        raw.execute(f"PRAGMA cache_size = {STRAIGHT_CACHE}")
        return raw.cursor()

    def clock(self) -> ColumnElement[float]:
        return literal_column("clock()")

    def insert(self, table: Table) -> Insert:
        return insert(table)

    def skip_locked(self, query: Select[Any], table: Table) -> Select[Any]:
        return query  # whoever is here holds the only write lock

    def bulk_insert(self, db: Connection, table: Table, columns: Columns, rows: int) -> None:
        names = ", ".join(f'"{name}"' for name in columns)
        marks = ", ".join("?" * len(columns))
        cells = [column if isinstance(column, list | range) else repeat(column, rows) for column in columns.values()]
        try:
            _driver(db).executemany(f"INSERT INTO {table.name} ({names}) VALUES ({marks})", zip(*cells, strict=False))
        except sqlite3.IntegrityError as error:
            raise Taken(str(error)) from error
        except sqlite3.OperationalError as error:
            raise OperationalError("INSERT", None, error) from error

    def bulk_add(self, db: Connection, table: Table, columns: Columns, count: str) -> None:
        names, keys = ", ".join(f'"{name}"' for name in columns), ", ".join(table.primary_key.columns.keys())
        marks = ", ".join("?" * len(columns))
        more = f'ON CONFLICT ({keys}) DO UPDATE SET "{count}" = {table.name}."{count}" + excluded."{count}"'
        statement = f"INSERT INTO {table.name} ({names}) VALUES ({marks}) {more}"
        db.exec_driver_sql(statement, list(zip(*map(_storable, columns.values()), strict=True)))

    def present(self, db: Connection, column: Any, values: Sequence[Any], where: ColumnElement[bool]) -> Iterable[Any]:
        return db.execute(select(column).where(where, self.among(column, values))).scalars()

    def among(self, column: Any, values: Sequence[Any]) -> ColumnElement[bool]:
        wanted = text("SELECT value FROM json_each(:wanted)").bindparams(wanted=json.dumps(list(values)))
        found: ColumnElement[bool] = column.in_(wanted)
        return found

    def join_at_large(self, db: Connection) -> None:
        """It looks rows up by their key whatever it knows of them."""

    def make_light(self, db: Connection) -> None:
        """No transaction of its waits for the disk: see PRAGMA synchronous."""

    def lock(self, db: Connection, name: str) -> None:
        """Whoever writes holds the only lock already."""

    def owner(self, db: Connection) -> str:
        return _this_process(os.getpid())

    def passing(self, error: DBAPIError) -> bool:
        return getattr(error.orig, "sqlite_errorcode", 0) & 0xFF in PASSING

    def evict(self, db: Connection, owner: str) -> None:
        """The lock is the process's: when it is frozen with it, only its end gives it back."""
        pid, _, started = owner.partition(" ")
        try:
            process = psutil.Process(int(pid))
            if str(process.create_time()) == started and process.status() == psutil.STATUS_STOPPED:
                process.kill()
        except psutil.NoSuchProcess:
            pass


@process_caches.function
@cache
def _this_process(pid: int) -> str:
    return f"{pid} {psutil.Process(pid).create_time()}"


def _storable(column: list[Any]) -> list[Any]:
    return [value.isoformat() if isinstance(value, date) else value for value in column]


def _driver(db: Connection) -> sqlite3.Connection:
    raw = db.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)
    return raw


def _connected(raw: sqlite3.Connection, _record: object) -> None:
    raw.isolation_level = None  # BEGIN is ours to say
    raw.create_function("clock", 0, time.time)  # its own counts milliseconds: several shards are claimed in each
    for pragma in PRAGMAS:
        raw.execute(f"PRAGMA {pragma}")


def _log_size(engine: Engine) -> int:
    try:
        return os.stat(f"{engine.url.database}-wal").st_size
    except FileNotFoundError:
        return 0


def _restart_log(engine: Engine) -> None:
    """Where there is no gap for so long, the next bulk writer tries again."""
    until = time.monotonic() + RESTART_SECONDS
    with closing(engine.raw_connection()) as held:
        raw = held.driver_connection
        assert isinstance(raw, sqlite3.Connection)
        raw.execute(f"PRAGMA busy_timeout = {READERS_MS}")
        try:
            while raw.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()[0] and time.monotonic() < until:
                time.sleep(RETRY_SECONDS)
        finally:
            raw.execute("PRAGMA busy_timeout = 5000")


def _begin(db: Connection) -> None:
    options = db.get_execution_options()
    if not options.get("write"):
        db.exec_driver_sql("BEGIN")
        return
    raw, until = _driver(db), time.monotonic() + (options.get("patience") or LOCK_SECONDS)
    raw.execute("PRAGMA busy_timeout = 0")
    try:
        while not _locked(raw, last=time.monotonic() > until):
            time.sleep(RETRY_SECONDS)
    finally:
        raw.execute("PRAGMA busy_timeout = 5000")


def _locked(raw: sqlite3.Connection, last: bool) -> bool:
    try:
        raw.execute("BEGIN IMMEDIATE")
        return True
    except sqlite3.OperationalError as error:
        if last or error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise OperationalError("BEGIN IMMEDIATE", None, error) from error
        return False
