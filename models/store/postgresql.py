"""PostgreSQL: COPY for batches, SKIP LOCKED for claims, and backends that can be terminated."""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import psycopg
from sqlalchemy import (
    URL,
    ColumnElement,
    Connection,
    Engine,
    Select,
    Table,
    any_,
    bindparam,
    func,
    literal,
    literal_column,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.dialects.postgresql.dml import Insert
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from models import process_caches
from models.errors import DuplicateKey
from models.store import postgresql_sessions
from models.store.copy_binary import copy_binary
from models.store.dialect import Columns, SessionLimits, adding_clause
from models.store.staged_rows import SpelledArray, array_text, name_of_type, staged_rows

LOCK_SECONDS = 0.05  # between two attempts to take a lock
# A redirect is one look into one index, so its plan never is the one that reads a table while it is small. The plan is
# kept for all links: where they have partitions, a plan for each takes three times as long as the look.
READER_OPTIONS = "SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan"
# Classes of SQLSTATE: connection, rollback, resources, operator intervention, system error.
TRANSIENT_CLASSES = ("08", "40", "53", "57", "58")


class PostgreSQL:
    shard_rows = 25_000
    builds_indexes_beside_writers = True
    has_partitions = True
    # Each statement of a read sees what is committed at that moment, also without a transaction.
    read_options: dict[str, Any] = {"isolation_level": "AUTOCOMMIT"}
    snapshot_options: dict[str, Any] = {"isolation_level": "REPEATABLE READ"}
    unavailable_errors: tuple[type[Exception], ...] = (psycopg.OperationalError, psycopg.InterfaceError)

    def engine_options(self, url: URL, limits: SessionLimits) -> dict[str, Any]:
        return postgresql_sessions.engine_options(url, limits)

    def prepare(self, engine: Engine, limits: SessionLimits) -> None:
        postgresql_sessions.prepare(engine, limits)

    def pause_bulk_writer(self, engine: Engine) -> None:
        """No pause: other writers do not wait for a bulk writer here."""

    def copy_log(self, engine: Engine) -> None:
        """Nothing to do: the server has a process for it."""

    def open_read_cursor(self, connection: Any, pooled: bool) -> Any:
        connection.autocommit = True
        if not pooled:
            connection.execute(READER_OPTIONS)
            connection.prepare_threshold = 0
        return psycopg.Cursor(connection)  # its one statement keeps its plan, though it has arrays

    def clock(self) -> ColumnElement[float]:
        return literal_column("extract(epoch FROM clock_timestamp())::double precision")

    def insert(self, table: Table) -> Insert:
        return insert(table)

    def skip_locked(self, query: Select[Any], table: Table) -> Select[Any]:
        return query.with_for_update(skip_locked=True, of=table)

    def bulk_insert(self, db: Connection, table: Table, columns: Columns, rows: int) -> None:
        names, parts = copy_binary(columns, _type_names(table), rows)
        statement = f"COPY {table.name} ({_quoted(names)}) FROM STDIN (FORMAT BINARY)"
        connection = db.connection.driver_connection
        assert isinstance(connection, psycopg.Connection)
        try:
            with connection.cursor() as cursor, cursor.copy(statement) as copy:
                for part in parts:
                    copy.write(part)
        except psycopg.errors.UniqueViolation as error:
            raise DuplicateKey(str(error)) from error
        except psycopg.OperationalError as error:
            is_closed = bool(connection.closed)
            if is_closed:
                db.invalidate(error)
            raise OperationalError("COPY", None, error, connection_invalidated=is_closed) from error

    def bulk_add_counts(
        self, db: Connection, table: Table, columns: Columns, count: str, replaced: Sequence[str] = ()
    ) -> None:
        types = _type_names(table)
        names = _quoted(columns)
        expressions: list[str] = []
        parameters: list[Any] = []
        for name, values in columns.items():
            # The driver takes longer for an array of 5,000 values than the server for their rows.
            is_shared = values.count(values[0]) == len(values) > 1
            kind = types[name]
            expressions.append(f"%s::{kind}" if is_shared else f"unnest(%s::{kind}[])")
            parameters.append(values[0] if is_shared else values)
        add = adding_clause(table, count, replaced)
        statement = f"INSERT INTO {table.name} ({names}) SELECT {', '.join(expressions)} {add}"
        db.exec_driver_sql(statement, tuple(parameters))

    def row_id(self, table: Table) -> ColumnElement[Any]:
        return literal_column(f"{table.name}.ctid")

    def bulk_update(self, db: Connection, table: Table, keys: Columns, columns: Columns) -> None:
        values = ", ".join(f'"{name}" = staged."{name}"' for name in columns)
        staged, condition = staged_rows(_type_names(table), table.name, keys, columns)
        statement = f"UPDATE {table.name} SET {values} FROM {staged} WHERE {condition}"
        _execute(db, statement, (*keys.values(), *columns.values()))

    def bulk_delete(self, db: Connection, table: Table, keys: Columns) -> None:
        staged, condition = staged_rows(_type_names(table), table.name, keys, {})
        _execute(db, f"DELETE FROM {table.name} USING {staged} WHERE {condition}", tuple(keys.values()))

    def bulk_move(self, db: Connection, source: Table, target: Table, keys: Columns, columns: Columns) -> None:
        shared = [f'"{column.name}"' for column in source.c if column.name in target.c]
        names = ", ".join([*(f'"{name}"' for name in columns), *shared])
        returned = ", ".join([*(f'staged."{name}"' for name in columns), f"{source.name}.*"])
        staged, condition = staged_rows(_type_names(target), source.name, keys, columns)
        moved = f"DELETE FROM {source.name} USING {staged} WHERE {condition} RETURNING {returned}"
        statement = f"WITH moved AS ({moved}) INSERT INTO {target.name} ({names}) SELECT {names} FROM moved"
        _execute(db, statement, (*keys.values(), *columns.values()))

    def find_existing(
        self, db: Connection, column: Any, values: Sequence[Any], where: ColumnElement[bool]
    ) -> Iterable[Any]:
        return db.execute(select(column).where(where, self.is_one_of(column, values))).scalars()

    def is_one_of(self, column: Any, values: Sequence[Any], name: str = "one_of") -> ColumnElement[bool]:
        array = bindparam(name, array_text(values), type_=SpelledArray(column.type))
        condition: ColumnElement[bool] = column == any_(array)
        return condition

    def list_parameter(self, values: Iterable[Any]) -> Any:
        return list(values)

    def has_bit(self, bits: Any, number: int) -> ColumnElement[bool]:
        # One byte is read: a value that is stored without compression is not read as a whole.
        place = literal(number).op("&")(func.octet_length(bits) * 8 - 1)
        byte = func.get_byte(func.substring(bits, place.op(">>")(3) + 1, 1), 0)
        condition: ColumnElement[bool] = byte.op("&")(1 << (number & 7)) != 0
        return condition

    def lock(self, db: Connection, name: str) -> None:
        db.execute(select(func.pg_advisory_xact_lock(func.hashtext(name))))

    def lock_table(self, db: Connection, table: Table) -> None:
        db.exec_driver_sql(f"LOCK TABLE {table.name} IN SHARE ROW EXCLUSIVE MODE")

    @contextmanager
    def session_lock(self, db: Connection, name: str) -> Iterator[None]:
        db = db.execution_options(isolation_level="AUTOCOMMIT")
        db.exec_driver_sql("SET idle_session_timeout = 0")
        # A statement that waits for the lock has a snapshot, and an index that is built CONCURRENTLY waits for its end.
        while not db.execute(select(func.pg_try_advisory_lock(func.hashtext(name)))).scalar_one():
            time.sleep(LOCK_SECONDS)
        try:
            yield
        finally:
            db.execute(select(func.pg_advisory_unlock(func.hashtext(name))))
            db.exec_driver_sql("RESET idle_session_timeout")

    def owner(self, db: Connection) -> str:
        info = db.connection.info
        if "owner" not in info:
            info["owner"] = db.exec_driver_sql(OWNER).scalar_one()
        return str(info["owner"])

    def is_transient(self, error: DBAPIError) -> bool:
        if error.connection_invalidated:
            return True
        if not isinstance(error, OperationalError):
            return False
        sqlstate = getattr(error.orig, "sqlstate", None) or "08"
        return sqlstate[:2] in TRANSIENT_CLASSES

    def is_out_of_time(self, error: DBAPIError) -> bool:
        return isinstance(error.orig, psycopg.errors.QueryCanceled)

    def is_read_only(self, db: Connection) -> bool:
        return bool(db.exec_driver_sql("SHOW transaction_read_only").scalar_one() == "on")

    def is_full(self, error: DBAPIError) -> bool:
        return isinstance(error.orig, psycopg.errors.DiskFull)

    def refresh_statistics(self, db: Connection) -> list[str]:
        names = list(db.execute(TABLES_WITHOUT_STATISTICS).scalars())
        for name in names:
            # A command that changes the table itself may keep it locked for hours. The sweep does not wait for it.
            db.exec_driver_sql(f'ANALYZE (SKIP_LOCKED) "{name}"')
        return names

    def ended(self, db: Connection, owners: Sequence[str]) -> set[str]:
        return set(db.execute(ENDED, {"owners": list(owners)}).scalars())

    def evict(self, db: Connection, owner: str) -> bool:
        pid, _, started = owner.partition(" ")
        backend = db.execute(EVICT, {"pid": int(pid), "started": started}).one_or_none()
        if backend is not None:
            return bool(backend.is_busy)
        return bool(db.execute(HAS_RESTARTED, {"started": float(started)}).scalar_one())


# A process id alone may have been given to another backend since: the start time tells them apart.
OWNER = "SELECT pid || ' ' || extract(epoch FROM backend_start) FROM pg_stat_activity WHERE pid = pg_backend_pid()"
# When a session began is hidden from users of other roles.
ENDED = text(
    "SELECT owner FROM unnest(CAST(:owners AS text[])) AS owner WHERE NOT EXISTS (SELECT FROM pg_stat_activity"
    " WHERE pid = CAST(split_part(owner, ' ', 1) AS integer)"
    " AND (backend_start IS NULL OR extract(epoch FROM backend_start)::text = split_part(owner, ' ', 2)))"
)
EVICT = text(
    "SELECT state = 'active' AS is_busy, pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE pid = :pid AND extract(epoch FROM backend_start)::text = :started AND pid <> pg_backend_pid()"
)
# Autovacuum looks once a minute, and a million rows are written in five seconds. The planner of a table that was empty
# then takes any index for as good as the right one.
# A table with partitions has statistics of its own, which nobody else collects.
TABLES_WITHOUT_STATISTICS = text(
    "SELECT DISTINCT coalesce(whole.relname, pg_class.relname) AS name"
    " FROM pg_stat_user_tables JOIN pg_class ON pg_class.oid = relid"
    " LEFT JOIN pg_inherits ON inhrelid = relid LEFT JOIN pg_class AS whole ON whole.oid = inhparent"
    " WHERE n_mod_since_analyze > 2000 + 4 * greatest(pg_class.reltuples, 0) AND schemaname = current_schema()"
    " ORDER BY name"
)
HAS_RESTARTED = text("SELECT extract(epoch FROM pg_postmaster_start_time()) > CAST(:started AS double precision)")


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


@process_caches.function
@cache
def _type_names(table: Table) -> dict[str, str]:
    """PostgreSQL's types by column."""
    return {column.name: name_of_type(column.type) for column in table.columns}


def _execute(db: Connection, statement: str, parameters: tuple[Any, ...]) -> None:
    try:
        db.exec_driver_sql(statement, tuple(map(array_text, parameters)))
    except IntegrityError as error:
        raise DuplicateKey(str(error)) from error
