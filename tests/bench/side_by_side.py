"""Three ways to create links, in one run on one database: a Celery task a link, vendor calls in a loop, an upload."""

import statistics
from pathlib import Path

from tests.bench import charts, plain, rows, throughput, vendors
from tests.bench.charts import Bar
from tests.bench.systems import ROUNDS, Figure, postgresql_system

UPLOAD_ROWS = 1_000_000
LEAST_TIMES = 50
CHART = "side-by-side.svg"

TASKS = "one Celery task and ORM insert a link"
CALLS = "calls of 100 links in a loop"
UPLOAD = "one upload"


def measure(folder: Path, chart_folder: Path | None) -> list[Figure]:
    lines = rows.make(UPLOAD_ROWS)
    path = folder / "rows.csv"
    rows.write(path, lines)
    rates: dict[str, list[float]] = {TASKS: [], CALLS: [], UPLOAD: []}
    with postgresql_system(folder) as system:
        calls = vendors.prepare_calls(system)
        for _ in range(ROUNDS):
            rates[TASKS].append(plain.rate(system.database_url, folder, lines))
            rates[CALLS].append(vendors.links_per_second(system, calls, clients=1))
            rates[UPLOAD].append(throughput.rate(system, path, UPLOAD_ROWS))
    medians = {way: statistics.median(values) for way, values in rates.items()}
    if chart_folder:
        bars = [Bar(way, rate, "links/s", is_ours=way == UPLOAD) for way, rate in medians.items()]
        charts.write_bars(chart_folder / CHART, "Links created a second, PostgreSQL, two shared cores", bars)
    return [_figure(way, medians[UPLOAD], medians[way]) for way in (TASKS, CALLS)]


def _figure(way: str, ours: float, peer: float) -> Figure:
    ratio = ours / peer
    least = LEAST_TIMES if way == TASKS else 1
    what = f"{UPLOAD} of {UPLOAD_ROWS:,} rows, compared with {way}"
    return Figure(
        what, f"{ours:,.0f} links/s", f"{peer:,.0f} links/s", f"{ratio:.0f} x", f">= {least} x", ratio >= least
    )
