"""PostgreSQL: COPY for batches, SKIP LOCKED for claims, backends that can be terminated."""

import math
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import repeat
from typing import Any

import psycopg
from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Select,
    Table,
    any_,
    bindparam,
    event,
    func,
    literal_column,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.dialects.postgresql.dml import Insert
from sqlalchemy.exc import DBAPIError, InvalidatePoolError, OperationalError

from models.errors import Taken
from models.store.dialect import Columns

POOL = 12
CONNECT_SECONDS = 5
ALIVE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 30_000}
PASSING = ("08", "40", "53", "57", "58")  # connection, rollback, resources, operator, system
RESTED_SECONDS = 1.0  # a connection that was used since then is not asked whether it still lives
# What a random page costs on a solid disk or in memory: with the 4 of rotating ones a hundred links would be looked up
# by reading the whole table while it has less than some hundred thousand rows.
SESSION = "-c timezone=UTC -c random_page_cost=1.1"
ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})
EVICT = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE pid = :pid AND extract(epoch FROM backend_start)::text = :started AND pid <> pg_backend_pid()"
)
OWNER = "SELECT pid || ' ' || extract(epoch FROM backend_start) FROM pg_stat_activity WHERE pid = pg_backend_pid()"


class PostgreSQL:
    shard_rows = 25_000
    reading: dict[str, Any] = {"isolation_level": "AUTOCOMMIT"}  # each statement sees what is committed, all the same
    away: tuple[type[Exception], ...] = (psycopg.OperationalError, psycopg.InterfaceError)

    def engine_options(self) -> dict[str, Any]:
        names = {"application_name": f"linkmill {os.getpid()}", "options": SESSION}
        arguments = names | {"connect_timeout": CONNECT_SECONDS} | ALIVE
        pool = {"pool_size": POOL, "max_overflow": POOL}
        # The last connection first: a worker that wants one at a time stays with the one that its claims name.
        return pool | {"pool_use_lifo": True, "connect_args": arguments}

    def prepare(self, engine: Engine) -> None:
        event.listen(engine, "connect", lambda raw, record: record.info.clear())
        event.listen(engine, "checkin", lambda raw, record: record.info.update(used_at=time.monotonic()))
        event.listen(engine, "checkout", partial(_ask_rested, engine.dialect))
        event.listen(engine, "rollback", _abandon)

    def rest(self, engine: Engine) -> None:
        """Nobody waits for a bulk writer here."""

    def straighten(self, raw: Any) -> Any:
        raw.autocommit = True
        raw.prepare_threshold = 0
        return raw.cursor()

    def clock(self) -> ColumnElement[float]:
        return literal_column("extract(epoch FROM clock_timestamp())::double precision")

    def insert(self, table: Table) -> Insert:
        return insert(table)

    def skip_locked(self, query: Select[Any], table: Table) -> Select[Any]:
        return query.with_for_update(skip_locked=True, of=table)

    def bulk_insert(self, db: Connection, table: Table, columns: Columns, rows: int) -> None:
        names = ", ".join(f'"{name}"' for name in columns)
        raw = db.connection.driver_connection
        assert isinstance(raw, psycopg.Connection)
        try:
            with raw.cursor() as cursor, cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
                copy.write(_copy_text(columns, rows))
        except psycopg.errors.UniqueViolation as error:
            raise Taken(str(error)) from error
        except psycopg.OperationalError as error:
            gone = bool(raw.closed)
            if gone:
                db.invalidate(error)
            raise OperationalError("COPY", None, error, connection_invalidated=gone) from error

    def bulk_add(self, db: Connection, table: Table, columns: Columns, count: str) -> None:
        names, keys = ", ".join(f'"{name}"' for name in columns), ", ".join(table.primary_key.columns.keys())
        lists = ", ".join(f"%s::{_plain_type(db, table, name)}[]" for name in columns)
        more = f'ON CONFLICT ({keys}) DO UPDATE SET "{count}" = {table.name}."{count}" + excluded."{count}"'
        statement = f"INSERT INTO {table.name} ({names}) SELECT * FROM unnest({lists}) {more}"
        db.exec_driver_sql(statement, tuple(columns.values()))

    def present(self, db: Connection, column: Any, values: Sequence[Any], where: ColumnElement[bool]) -> Iterable[Any]:
        return db.execute(select(column).where(where, self.among(column, values))).scalars()

    def among(self, column: Any, values: Sequence[Any]) -> ColumnElement[bool]:
        found: ColumnElement[bool] = column == any_(bindparam("wanted", list(values), type_=ARRAY(column.type)))
        return found

    def join_at_large(self, db: Connection) -> None:
        db.exec_driver_sql("SET LOCAL enable_nestloop = off")

    def make_light(self, db: Connection) -> None:
        db.exec_driver_sql("SET LOCAL synchronous_commit = off")

    def lock(self, db: Connection, name: str) -> None:
        db.execute(select(func.pg_advisory_xact_lock(func.hashtext(name))))

    def owner(self, db: Connection) -> str:
        info = db.connection.info
        if "owner" not in info:
            info["owner"] = db.exec_driver_sql(OWNER).scalar_one()
        return str(info["owner"])

    def passing(self, error: DBAPIError) -> bool:
        state = getattr(error.orig, "sqlstate", None)
        return error.connection_invalidated or (isinstance(error, OperationalError) and (state or "08")[:2] in PASSING)

    def evict(self, db: Connection, owner: str) -> None:
        pid, _, started = owner.partition(" ")
        db.execute(EVICT, {"pid": int(pid), "started": started})


def _ask_rested(dialect: Any, raw: Any, record: Any, _proxy: object) -> None:
    """Asks a connection that rested for a while whether the database has gone away under it."""
    if time.monotonic() - record.info.get("used_at", math.inf) > RESTED_SECONDS:
        try:
            dialect.do_ping(raw)
        except psycopg.Error as error:
            raise InvalidatePoolError from error


def _abandon(db: Connection) -> None:
    """A command that a signal broke off cannot be rolled back from here: the connection's end does that."""
    raw = None if db.invalidated else db.connection.driver_connection
    if isinstance(raw, psycopg.Connection) and raw.info.transaction_status == psycopg.pq.TransactionStatus.ACTIVE:
        db.invalidate()


def _plain_type(db: Connection, table: Table, name: str) -> str:
    return str(table.c[name].type.compile(db.dialect)).partition(" COLLATE")[0]


def _copy_text(columns: Columns, rows: int) -> bytes:
    body = "\n".join(map("\t".join, zip(*(_cells(column, rows) for column in columns.values()), strict=True)))
    return (body + "\n").encode()


def _cells(column: Any, rows: int) -> Iterator[str]:
    if isinstance(column, str):
        return repeat(column.translate(ESCAPES), rows)
    if isinstance(column, range):
        return map(str, column)
    if not isinstance(column, list):
        return repeat(r"\N" if column is None else str(column), rows)
    return iter(_texts(column))


def _texts(column: list[Any]) -> list[str]:
    """Most columns are text that needs no escapes: that is found out once for all of it."""
    try:
        joined = "\n".join(column)
    except TypeError:
        return [_text(value) for value in column]
    if "\\" in joined or "\t" in joined or "\r" in joined or joined.count("\n") != len(column) - 1:
        return [value.translate(ESCAPES) for value in column]
    return column


def _text(value: Any) -> str:
    if value is None:
        return r"\N"
    return value.translate(ESCAPES) if isinstance(value, str) else str(value)
