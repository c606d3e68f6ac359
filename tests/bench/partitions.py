"""What partitions cost: the processor time of a new link and of a redirect, with and without them, in turn.

Each system has a database of its own on one server. Only the one that is measured has work.
"""

import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path

import psutil
import psycopg

from tests import ROOT
from tests.bench import load, rows, throughput
from tests.bench.systems import Figure, empty
from tests.postgresql import SharedServer, postgresql_url
from tests.system import System, running_system

ROWS = 300_000
LINKS = 100_000
SECONDS = 4.0
ROUNDS = 5
MOST = 1.10
PLAIN = "plain"
PARTITIONED = {"items": ("items",), "items_links": ("items", "links")}
"""The names of the databases, and the tables that have partitions there."""

Work = Callable[[System], int]
"""Something that a system does, and how many of it."""


def measure(folder: Path) -> list[Figure]:
    uploads = {custom: folder / f"{custom}.csv" for custom in (False, True)}
    for custom, path in uploads.items():
        rows.write(path, rows.make(ROWS, custom))
    works: dict[str, Work] = {
        f"{ROWS:,}-row CSV": partial(_create, path=uploads[False]),
        "the same, a custom slug in every row": partial(_create, path=uploads[True]),
        f"redirects of {LINKS:,} links at random": partial(_redirect, folder=folder),
    }
    with _server(folder / "postgresql") as url, ExitStack() as stack:
        systems = {name: stack.enter_context(_system(folder, url, name)) for name in (PLAIN, *PARTITIONED)}
        for name, tables in PARTITIONED.items():
            _partition(systems[name], tables)
        server = int((folder / "postgresql" / "postmaster.pid").read_text().split()[0])
        return [figure for what, work in works.items() for figure in _compare(what, work, systems, server)]


class Server(SharedServer):
    configuration = "max_connections = 300\nmax_wal_size = 8GB\ncheckpoint_timeout = 30min\n"


@contextmanager
def _server(folder: Path) -> Iterator[str]:
    folder.mkdir()
    folder.parent.chmod(0o755)
    server = Server(folder, cleanup_mode="delete")
    try:
        yield postgresql_url(server)
    finally:
        server.cleanup()


@contextmanager
def _system(folder: Path, url: str, name: str) -> Iterator[System]:
    """Start a system with a database of its own."""
    (folder / name).mkdir()
    with psycopg.connect(url, autocommit=True) as db:
        db.execute(f"CREATE DATABASE {name}".encode())
    with running_system(folder / name, url.replace("/postgres?", f"/{name}?"), flower=False) as system:
        yield system


def _partition(system: System, tables: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "flask", "--app", "web", "partition", *tables]
    subprocess.run(command, cwd=ROOT, env=system.environment, check=True, capture_output=True)


def _compare(what: str, work: Work, systems: dict[str, System], server: int) -> Iterator[Figure]:
    costs: dict[str, list[float]] = {name: [] for name in systems}
    for turn in range(ROUNDS + 1):
        for name, system in systems.items():
            before = _processor_seconds(system.process.pid, server)
            count = work(system)
            cost = (_processor_seconds(system.process.pid, server) - before) / count
            if turn:  # the first round warms up
                costs[name].append(cost)
    plain = statistics.median(costs[PLAIN])
    for name, tables in PARTITIONED.items():
        ours = statistics.median(costs[name])
        ratio = statistics.median(one / other for one, other in zip(costs[name], costs[PLAIN], strict=True))
        title = f"{what}, partitions of {' and '.join(tables)}"
        yield Figure(title, _spell(ours), f"{_spell(plain)} without", f"{ratio:.2f}", f"<= {MOST:.2f}", ratio <= MOST)


def _spell(seconds: float) -> str:
    return f"{seconds * 1e6:.1f} µs"


def _create(system: System, path: Path) -> int:
    _empty(system)
    throughput.rate(system, path, ROWS)
    return ROWS


def _empty(system: System) -> None:
    """The workers of the last job may still be at work for the search index, and lock tables in another order."""
    while True:
        with suppress(psycopg.errors.DeadlockDetected):
            return empty(system.database_url)


def _redirect(system: System, folder: Path) -> int:
    slugs = folder / "slugs"
    slugs.write_text("\n".join(slug for (slug,) in system.sql(f"SELECT slug FROM links LIMIT {LINKS}")))
    return load.run(system.url, slugs, SECONDS).requests


def _processor_seconds(*pids: int) -> float:
    """The processor time of processes with all of their children, those that have ended too."""
    seconds = 0.0
    for pid in pids:
        parent = psutil.Process(pid)
        for process in (parent, *parent.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                seconds += sum(process.cpu_times()[:4])
    return seconds
