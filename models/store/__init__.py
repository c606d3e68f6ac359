"""The store: one engine a process, transactions, and the dialect that knows every difference between the databases."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from sqlalchemy import Connection, Engine, create_engine, make_url, select
from sqlalchemy.exc import DBAPIError

from models import process_caches, settings
from models.store import direct, postgresql, sqlite
from models.store.compiled_query import CompiledQuery
from models.store.dialect import Columns, Dialect, SessionLimits
from models.store.direct import DirectReader
from models.store.replica import Replica

__all__ = [
    "Columns",
    "CompiledQuery",
    "Connection",
    "answers",
    "connect_to",
    "copy_log",
    "dialect",
    "direct_reader",
    "dispose",
    "engine",
    "is_full",
    "is_out_of_time",
    "is_transient",
    "pause_bulk_writer",
    "read",
    "replica",
    "session_limits",
    "snapshot",
    "write",
]

DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
DIALECTS: dict[str, Dialect] = {"postgresql": postgresql.PostgreSQL(), "sqlite": sqlite.SQLite()}


session_limits = SessionLimits()
"""Those of this process, to be set before its first connection."""


@contextmanager
def read() -> Iterator[Connection]:
    """Open a transaction that only reads."""
    with engine().connect() as connection:
        # A pooler gives a statement without a transaction any session, so its limits would not hold for it.
        options = {} if session_limits.pooled else dialect().read_options
        connection = connection.execution_options(**options)
        with connection.begin():
            yield connection


@contextmanager
def snapshot(of: Engine) -> Iterator[Connection]:
    """Open a transaction that sees the state of a database at its beginning, whatever is written meanwhile."""
    with of.connect() as connection:
        connection = connection.execution_options(**DIALECTS[of.dialect.name].snapshot_options)
        with connection.begin():
            yield connection


@contextmanager
def write(
    lock_timeout: float | None = None, durable: bool = True, bulk: bool = False, on: Engine | None = None
) -> Iterator[Connection]:
    """Open a transaction that is committed at the end of the block. Its commit is on disk before others can see it.

    `lock_timeout` is for databases with one lock for all writers: how many seconds to wait for it. `durable=False` is
    for work that is done again when a power cut undoes it: the commit is on disk with the next durable one. `bulk` is
    for a long transaction: where there is one lock, it begins when nobody else wants to write. `on` is another database
    than the one of this process.
    """
    with (on or engine()).connect() as connection:
        connection = connection.execution_options(write=True, lock_timeout=lock_timeout, durable=durable, bulk=bulk)
        with connection.begin():
            yield connection


@process_caches.function
@cache
def engine() -> Engine:
    """Return this process's engine. It is created at first use, so after any fork: two processes cannot share one."""
    config = settings.get()
    return _create_engine(config.database_url if session_limits.pooled else config.session_url)


def _create_engine(url: str) -> Engine:
    connections = settings.get().db_connections
    return connect_to(url, connections - direct.share(connections))


def connect_to(database_url: str, pool_size: int = 2) -> Engine:
    """Return an engine for a database, which may be another one than that of this process."""
    url = make_url(database_url)
    this_dialect = DIALECTS[url.get_backend_name()]
    options = this_dialect.engine_options(url, session_limits)
    new_engine = create_engine(url, hide_parameters=True, pool_size=pool_size, max_overflow=0, **options)
    this_dialect.prepare(new_engine, session_limits)
    return new_engine


@process_caches.function
@cache
def dialect() -> Dialect:
    return DIALECTS[make_url(settings.get().database_url).get_backend_name()]


@process_caches.function
@cache
def direct_reader() -> DirectReader:
    return _create_reader(engine())


def _create_reader(of_engine: Engine) -> DirectReader:
    return DirectReader(of_engine, dialect(), direct.share(settings.get().db_connections), session_limits.pooled)


@process_caches.function
@cache
def replica() -> Replica | None:
    """Return the replica, if there is one."""
    url = settings.get().database_read_url
    if not url:
        return None
    copy = _create_engine(url)
    return Replica(copy, engine(), _create_reader(copy))


def pause_bulk_writer() -> None:
    """Let other writers in. A bulk writer calls this after each of its transactions."""
    dialect().pause_bulk_writer(engine())


def copy_log() -> None:
    """Copy a log of writes to the database, where no process of the database does it."""
    dialect().copy_log(engine())


def answers() -> bool:
    """Return whether this process can reach the database."""
    try:
        with read() as db:
            db.execute(select(1))
    except DBAPIError as error:
        # A connection that was open for long is closed when a server restarts; a new one may well succeed.
        return error.connection_invalidated and answers()
    return True


def is_full(error: BaseException) -> bool:
    """Return whether an error means that a disk has no room left: that of the database, or that of files."""
    if isinstance(error, OSError):
        return error.errno in DISK_FULL
    return isinstance(error, DBAPIError) and dialect().is_full(error)


def is_out_of_time(error: BaseException) -> bool:
    """Return whether a statement was ended because it took longer than this process allows."""
    return isinstance(error, DBAPIError) and dialect().is_out_of_time(error)


def is_transient(error: BaseException) -> bool:
    """Return whether an error is trouble of the database that passes: it is away, or accepts no writes."""
    return isinstance(error, DBAPIError) and dialect().is_transient(error)


def dispose() -> None:
    """Abandon every connection without closing it: for a process that has just been forked."""
    if engine.cache_info().currsize:
        engine().dispose(close=False)
        engine.cache_clear()
        direct_reader.cache_clear()
    if replica.cache_info().currsize:
        replica.cache_clear()
