"""Where a row's time goes: `python -m tests.bench.where` prints the processor time of one row, step by step.

Python's steps are sampled in the bulk workers (`sampler.py`). PostgreSQL counts its own for each statement
(`log_statement_stats`). SQLite works inside the worker, so its time is sampled too. All other processes count as one.
"""

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple, TypeVar

import psutil

from tests import ROOT
from tests.bench import rows, sampler, statements, throughput
from tests.bench.sampler import Function, Sample
from tests.bench.systems import postgresql
from tests.system import System, running_system

K = TypeVar("K")

ROWS = 2_000_000
WARM_ROWS = 50_000
MOST_FUNCTIONS = 12
BULK = "bulk"

IN_SQLITE = "SQLite itself, and its rows as tuples"
COMMIT = "commit"
STEPS = {
    "split the upload into shards": ("workers/shards/split.py", "producer/intake/cutting.py"),
    "read the cells of a shard": ("producer/intake/",),
    "check and normalise values": ("producer/rules/", "producer/fields/"),
    "choose slugs": ("models/links/slugs.py", "models/links/permutation.py", "workers/shards/slug_pool.py"),
    "serialise rows for COPY": ("models/store/copy_",),
    IN_SQLITE: ("models/store/sqlite.py",),
    COMMIT: ("models/store/__init__.py",),
    "hand rows and statements to the database": ("models/store/",),
    "make columns of links and items": ("workers/shards/",),
    "claim shards, count, finish": ("models/", "producer/"),
}
"""The first step with a path that the innermost function of ours begins with."""
OTHER_STEP = "Celery and its broker"
OTHERS = {
    "web server: receive the upload, answer the client": "granian",
    "broker": "valkey",
    "all other processes": "",
}
"""The names of other processes, each with a part of its command line. The first that fits counts."""
BACKGROUND = "write-ahead log, checkpoints and clean-up in the background"
BACKGROUND_TITLES = ("postgres: checkpointer", "postgres: walwriter", "postgres: background", "postgres: io worker")


class Costs(NamedTuple):
    """Seconds of processor time by step."""

    python: dict[str, float]
    database: dict[str, float]
    functions: dict[Function, float]


def main() -> None:
    arguments = read_arguments()
    with TemporaryDirectory(prefix="linkmill-where-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # a server that root starts runs as another user
        measure = measure_postgresql if arguments.store == "postgresql" else measure_sqlite
        show(measure(folder, arguments.rows), arguments.rows)


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.where", description=__doc__)
    parser.add_argument("--store", choices=("postgresql", "sqlite"), default="postgresql")
    parser.add_argument("--rows", type=int, default=ROWS, help=f"of a plain CSV file; {ROWS:,} by default")
    return parser.parse_args()


def measure_postgresql(folder: Path, count: int) -> Costs:
    log = folder / "postgresql" / "log"
    with postgresql(folder) as url, _sampled_system(folder, url) as system:
        statements.enable(url)
        offset = log.stat().st_size
        background = _server_processes(folder)
        before = _processor_seconds(background)
        costs = _measure_job(system, folder, count)
        costs.database.update(statements.read_seconds(log, offset))
        costs.database[BACKGROUND] = _processor_seconds(background) - before
    return costs


def measure_sqlite(folder: Path, count: int) -> Costs:
    with _sampled_system(folder, f"sqlite:///{folder}/linkmill.db") as system:
        return _measure_job(system, folder, count, database_steps=(IN_SQLITE, COMMIT))


@contextmanager
def _sampled_system(folder: Path, url: str) -> Iterator[System]:
    def prefix(name: str) -> str:
        return f"{sys.executable} -m {sampler.__name__} {folder}" if name == BULK else ""

    with running_system(folder, url, flower=False, prefix=prefix) as system:
        yield system


def _measure_job(system: System, folder: Path, count: int, database_steps: Collection[str] = ()) -> Costs:
    path = folder / "rows.csv"
    rows.write_many(path, WARM_ROWS)
    throughput.rate(system, path, WARM_ROWS)
    rows.write_many(path, count)
    others = _other_processes(system)
    before = {name: _processor_seconds(processes) for name, processes in others.items()}
    start = time.time()
    throughput.rate(system, path, count)
    end = time.time()
    costs = sum_samples(sampler.read(folder), start, end, database_steps)
    for name, processes in others.items():
        costs.python[name] = _processor_seconds(processes) - before[name]
    return costs


def sum_samples(samples: Iterable[Sample], start: float, end: float, database_steps: Collection[str] = ()) -> Costs:
    """Sum up the samples of a time. Some steps may be those of a database that works inside the worker."""
    costs = Costs(defaultdict(float), defaultdict(float), defaultdict(float))
    for sample in samples:
        if not start <= sample.at <= end:
            continue
        function = _innermost_of_ours(sample)
        step = _step(function)
        column = costs.database if step in database_steps else costs.python
        column[step] += sample.seconds
        costs.functions[function] += sample.seconds
    return costs


def _innermost_of_ours(sample: Sample) -> Function:
    for file, name in sample.functions:
        path = Path(file)
        if path.is_relative_to(ROOT) and not path.is_relative_to(ROOT / ".venv"):
            place = str(path.relative_to(ROOT))
            if not place.startswith("tests/"):
                return Function(place, name)
    return Function("", OTHER_STEP)


def _step(function: Function) -> str:
    for step, paths in STEPS.items():
        if function.file.startswith(paths):
            return step
    return OTHER_STEP


def _other_processes(system: System) -> dict[str, list[psutil.Process]]:
    """All processes but those of the bulk workers, by name."""
    found: dict[str, list[psutil.Process]] = {name: [] for name in OTHERS}
    for process in psutil.Process(system.process.pid).children(recursive=True):
        words = " ".join(process.cmdline())
        if f"-n {BULK}@" in words:
            continue
        name = next(name for name, mark in OTHERS.items() if mark in words)
        found[name].append(process)
    return found


def _server_processes(folder: Path) -> list[psutil.Process]:
    """The processes of the PostgreSQL server that work for no single connection."""
    pid = int((folder / "postgresql" / "postmaster.pid").read_text().split()[0])
    processes = psutil.Process(pid).children()
    return [process for process in processes if process.cmdline()[0].startswith(BACKGROUND_TITLES)]


def _processor_seconds(processes: Iterable[psutil.Process]) -> float:
    seconds = 0.0
    for process in processes:
        times = process.cpu_times()
        seconds += times.user + times.system
    return seconds


def show(costs: Costs, count: int) -> None:
    """Print the table of docs/performance.md."""
    microseconds = 1e6 / count
    print("| step | Python, µs a row | database, µs a row |")
    print("|---|---|---|")
    for step in [*STEPS, OTHER_STEP, *OTHERS]:
        if costs.python[step]:
            print(f"| {step} | {costs.python[step] * microseconds:.2f} | |")
    for step, seconds in _largest_first(costs.database):
        print(f"| {step} | | {seconds * microseconds:.2f} |")
    python = sum(costs.python.values()) * microseconds
    database = sum(costs.database.values()) * microseconds
    print(f"| **all** | **{python:.2f}** | **{database:.2f}** |")
    print()
    print("| function in the bulk workers, with all it calls that is not ours | µs a row |")
    print("|---|---|")
    for function, seconds in _largest_first(costs.functions)[:MOST_FUNCTIONS]:
        name = f"`{function.file}` `{function.name}`" if function.file else function.name
        print(f"| {name} | {seconds * microseconds:.2f} |")


def _largest_first(seconds: dict[K, float]) -> list[tuple[K, float]]:
    return sorted(seconds.items(), key=lambda item: -item[1])


if __name__ == "__main__":
    main()
