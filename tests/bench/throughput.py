"""Rows a second, from the first byte of an upload to the end of its job, compared with the database's own limit."""

import statistics
import time
from collections.abc import Callable
from pathlib import Path

from tests.bench import ceiling, plain, rows
from tests.bench.systems import ROUNDS, Client, Figure, empty, postgresql_system
from tests.bench.systems import postgresql as server
from tests.system import System, running_system

MILLION = 1_000_000
LEAST, LEAST_CUSTOM, LEAST_TIMES = 0.6, 0.5, 50


def postgresql(folder: Path) -> list[Figure]:
    with postgresql_system(folder) as system:
        automatic = _against(system, folder, custom=False)
        custom = _against(system, folder, custom=True)
    return [
        _figure("PostgreSQL, 1,000,000-row CSV", automatic, LEAST),
        _figure("the same, a custom slug in every row", custom, LEAST_CUSTOM),
    ]


def sqlite(folder: Path) -> list[Figure]:
    made = rows.make(MILLION)
    rows.write(folder / "rows.csv", made)
    pairs: list[tuple[float, float]] = []
    for turn in range(ROUNDS):
        place = folder / str(turn)
        place.mkdir()
        with running_system(place, f"sqlite:///{place}/linkmill.db") as system:
            ours = rate(system, folder / "rows.csv", MILLION)
        pairs.append((ours, ceiling.sqlite(place / "reference.db", made)))
    return [_figure("SQLite, 1,000,000-row CSV, compared with executemany", pairs, LEAST)]


def plain_way(folder: Path) -> list[Figure]:
    """Compare with a simple implementation: one task and one ORM object for each link."""
    made = rows.make(200_000)
    rows.write(folder / "rows.csv", made)
    with server(folder) as url, running_system(folder, url) as system:
        pairs = [(rate(system, folder / "rows.csv", len(made)), plain.rate(url, folder, made)) for _ in range(ROUNDS)]
    ours, peer = (statistics.median(side) for side in zip(*pairs, strict=True))
    ratio = statistics.median(one / other for one, other in pairs)
    what = "compared with one Celery task and one ORM insert for each link"
    return [
        Figure(
            what,
            f"{ours:,.0f} rows/s",
            f"{peer:,.0f} rows/s",
            f"{ratio:.0f} x",
            f">= {LEAST_TIMES} x",
            ratio >= LEAST_TIMES,
        )
    ]


def rate(system: System, path: Path, count: int) -> float:
    client = Client(system)
    start = time.perf_counter()
    job = client.wait_for_end(client.post_csv(path))
    seconds = time.perf_counter() - start
    if job["counts"]["created"] != count:
        raise RuntimeError(f"not every row created a link: {job}")
    return count / seconds


def _against(system: System, folder: Path, custom: bool) -> list[tuple[float, float]]:
    made = rows.make(MILLION, custom)
    rows.write(folder / "rows.csv", made)
    url = system.database_url
    measure: list[Callable[[], float]] = [
        lambda: rate(system, folder / "rows.csv", MILLION),
        lambda: ceiling.postgresql(url, made),
    ]
    pairs: list[tuple[float, float]] = []
    for _ in range(ROUNDS):
        empty(url)
        pairs.append((measure[0](), measure[1]()))
    empty(url)
    return pairs


def _figure(what: str, pairs: list[tuple[float, float]], least: float) -> Figure:
    ours, peer = (statistics.median(side) for side in zip(*pairs, strict=True))
    ratio = statistics.median(one / other for one, other in pairs)
    return Figure(what, f"{ours:,.0f} rows/s", f"{peer:,.0f} rows/s", f"{ratio:.2f}", f">= {least}", ratio >= least)
