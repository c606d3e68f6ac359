"""How speed and memory grow: with the links that are there, the rows of a job, many small jobs, and more workers."""

import json
import statistics
import threading
import time
from pathlib import Path
from typing import NamedTuple

import psutil
import psycopg

from tests.bench import charts, rows, throughput
from tests.bench.charts import Bar, Point
from tests.bench.systems import ROUNDS, Client, Figure, empty, postgresql, postgresql_system
from tests.bench.throughput import MILLION
from tests.system import System, running_system

LARGE = 10_000_000
LEAST_BESIDE_LINKS = 0.75
LEAST_LATE_RATE = 0.75  # of the last quarter, compared with the first: the table has grown by then
MOST_LATE_MEMORY = 1.2
LOOK_SECONDS = 1.0
JOBS, JOB_ROWS = 10_000, 100
SENDERS = 8
JOBS_SECONDS = 900.0
WORKERS = (1, 2, 4)
MB = 1 << 20


class Look(NamedTuple):
    """A job while it runs."""

    seconds: float
    processed: int
    largest_mb: float  # resident memory of the largest process


def measure(folder: Path, chart_folder: Path | None) -> list[Figure]:
    large = folder / "large.csv"
    million = folder / "million.csv"
    rows.write_many(large, LARGE)
    rows.write_many(million, MILLION)
    with postgresql_system(folder) as system:
        few = [_rates_with_few_links(system, million) for _ in range(ROUNDS)]
        empty(system.database_url)
        looks = _run_large(system, large)
        with_many = statistics.median(_rate(system, million) for _ in range(ROUNDS))
        empty(system.database_url)
        jobs_per_second = _run_small_jobs(system)
    with_none = statistics.median(pair[0] for pair in few)
    with_million = statistics.median(pair[1] for pair in few)
    workers = _rates_by_workers(folder / "workers", million)
    if chart_folder:
        by_links = {"no link": with_none, "1,000,000 links": with_million, "10,000,000 links": with_many}
        _draw(chart_folder, by_links, looks, workers)
    return [
        _beside_links("1,000,000", with_million, with_none),
        _beside_links("10,000,000", with_many, with_none),
        *_large_figures(looks),
        Figure(f"{JOBS:,} jobs of {JOB_ROWS} rows", f"{jobs_per_second:,.0f} jobs/s", "", "", "", True),
        *_worker_figures(workers),
    ]


def _rates_with_few_links(system: System, path: Path) -> tuple[float, float]:
    with_none = _rate_with_none(system, path)
    return with_none, _rate(system, path)


def _rate_with_none(system: System, path: Path) -> float:
    empty(system.database_url)
    return _rate(system, path)


def _rate(system: System, path: Path) -> float:
    """Upload a million rows beside the links that are there."""
    with psycopg.connect(system.database_url, autocommit=True) as db:
        db.execute("CHECKPOINT")
    return throughput.rate(system, path, MILLION)


def _beside_links(count: str, rate: float, alone: float) -> Figure:
    ratio = rate / alone
    what = f"1,000,000 rows with {count} links already there, compared with none"
    least = LEAST_BESIDE_LINKS
    return Figure(what, f"{rate:,.0f} rows/s", f"{alone:,.0f} rows/s", f"{ratio:.2f}", f">= {least}", ratio >= least)


def _run_large(system: System, path: Path) -> list[Look]:
    """Look at one large job until it has ended."""
    runner = psutil.Process(system.process.pid)
    client = Client(system)
    start = time.monotonic()
    job_id = client.post_csv(path)
    looks: list[Look] = []
    status = "running"
    while status in ("queued", "running"):
        job = json.loads(client.send("GET", f"/api/jobs/{job_id}")[1])
        status = job["status"]
        processed = job["counts"]["processed"]
        looks.append(Look(time.monotonic() - start, processed, _largest_process(runner)))
        time.sleep(LOOK_SECONDS)
    if looks[-1].processed != LARGE:
        raise RuntimeError(f"not every row was processed: {job}")
    return looks


def _largest_process(runner: psutil.Process) -> float:
    processes = [runner, *runner.children(recursive=True)]
    return float(max(process.memory_info().rss for process in processes) / MB)


def _large_figures(looks: list[Look]) -> list[Figure]:
    rate = LARGE / looks[-1].seconds
    early, late = _quarter_rate(looks, 1), _quarter_rate(looks, 4)
    ratio = late / early
    slim, fat = _quarter_memory(looks, 1), _quarter_memory(looks, 4)
    growth = fat / slim
    return [
        Figure(f"one job of {LARGE:,} rows", f"{rate:,.0f} rows/s", "", "", "", True),
        Figure(
            "its last quarter, compared with its first",
            f"{late:,.0f} rows/s",
            f"{early:,.0f} rows/s",
            f"{ratio:.2f}",
            f">= {LEAST_LATE_RATE}",
            ratio >= LEAST_LATE_RATE,
        ),
        Figure(
            "largest process in its last quarter, compared with its first",
            f"{fat:.0f} MB",
            f"{slim:.0f} MB",
            f"{growth:.2f}",
            f"<= {MOST_LATE_MEMORY}",
            growth <= MOST_LATE_MEMORY,
        ),
    ]


def _quarter(looks: list[Look], number: int) -> list[Look]:
    first = LARGE * (number - 1) // 4
    last = LARGE * number // 4
    return [look for look in looks if first <= look.processed <= last and look.processed]


def _quarter_rate(looks: list[Look], number: int) -> float:
    quarter = _quarter(looks, number)
    return (quarter[-1].processed - quarter[0].processed) / (quarter[-1].seconds - quarter[0].seconds)


def _quarter_memory(looks: list[Look], number: int) -> float:
    return max(look.largest_mb for look in _quarter(looks, number))


def _run_small_jobs(system: System) -> float:
    """Send many small jobs at once, and return how many a second ended."""
    numbers = iter(range(JOBS))
    lock = threading.Lock()

    def send() -> None:
        client = Client(system)
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            _send_small_job(client, number)

    senders = [threading.Thread(target=send) for _ in range(SENDERS)]
    start = time.monotonic()
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    _wait_for_all(system.database_url)
    return JOBS / (time.monotonic() - start)


def _send_small_job(client: Client, number: int) -> None:
    lines = [f"https://shop.example.com/{number}/{row},Title {row}\n" for row in range(JOB_ROWS)]
    status, body = client.send("POST", "/api/jobs", f"url,title\n{''.join(lines)}".encode(), Content_Type="text/csv")
    if status != 202:
        raise RuntimeError(f"{status}: {body!r}")


def _wait_for_all(url: str) -> None:
    deadline = time.monotonic() + JOBS_SECONDS
    with psycopg.connect(url, autocommit=True) as db:
        while _count_completed(db) < JOBS:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{_count_completed(db):,} jobs of {JOBS:,} ended in {JOBS_SECONDS:.0f} s")
            time.sleep(LOOK_SECONDS / 4)


def _count_completed(db: psycopg.Connection) -> int:
    row = db.execute("SELECT count(*) FROM jobs WHERE status = 'completed'").fetchone()
    return row[0] if row else 0


def _rates_by_workers(folder: Path, path: Path) -> dict[int, float]:
    folder.mkdir()
    folder.parent.chmod(0o755)
    rates: dict[int, float] = {}
    with postgresql(folder) as url:
        for count in WORKERS:
            with running_system(folder, url, WORKERS=str(count)) as system:
                rates[count] = statistics.median(_rate_with_none(system, path) for _ in range(ROUNDS))
    return rates


def _worker_figures(rates: dict[int, float]) -> list[Figure]:
    alone = rates[WORKERS[0]]
    figures: list[Figure] = []
    for count in WORKERS[1:]:
        what = f"1,000,000 rows by {count} worker processes, compared with one"
        ratio = rates[count] / alone
        figures.append(Figure(what, f"{rates[count]:,.0f} rows/s", f"{alone:,.0f} rows/s", f"{ratio:.2f}", "", True))
    return figures


def _draw(folder: Path, by_links: dict[str, float], looks: list[Look], workers: dict[int, float]) -> None:
    charts.write_bars(
        folder / "growth-links.svg",
        "Rows a second of a million rows, by the links already there",
        [Bar(name, rate, "rows/s") for name, rate in by_links.items()],
    )
    charts.write_line(
        folder / "growth-rows.svg",
        f"One job of {LARGE:,} rows: rows done",
        "seconds",
        "millions of rows",
        [Point(look.seconds, look.processed / MILLION) for look in looks],
    )
    charts.write_line(
        folder / "growth-memory.svg",
        f"One job of {LARGE:,} rows: resident memory of the largest process",
        "millions of rows done",
        "MB",
        [Point(look.processed / MILLION, look.largest_mb) for look in looks],
    )
    charts.write_bars(
        folder / "growth-workers.svg",
        "Rows a second of a million rows, by worker processes on two cores",
        [Bar(f"{count} worker process{'es' * (count > 1)}", rate, "rows/s") for count, rate in workers.items()],
    )
