"""Rows a second, from the first byte of an upload to the end of its job, compared with the database's own limit."""

import statistics
import time
from pathlib import Path

from tests.bench import ceiling, rows
from tests.bench.systems import ROUNDS, Client, Figure, empty, postgresql_system
from tests.system import System, running_system

MILLION = 1_000_000
LEAST, LEAST_SQLITE = 0.7, 0.65


def postgresql(folder: Path) -> list[Figure]:
    with postgresql_system(folder) as system:
        automatic = _against(system, folder, custom=False)
        custom = _against(system, folder, custom=True)
    return [
        _figure("PostgreSQL, 1,000,000-row CSV", automatic, LEAST),
        _figure("the same, a custom slug in every row", custom, LEAST),
    ]


def sqlite(folder: Path) -> list[Figure]:
    rows.write(folder / "rows.csv", rows.make(MILLION))
    pairs: list[tuple[float, float]] = []
    for turn in range(ROUNDS):
        place = folder / str(turn)
        place.mkdir()
        with running_system(place, f"sqlite:///{place}/linkmill.db") as system:
            ours, job_id = time_upload(system, folder / "rows.csv", MILLION)
        pairs.append((ours, ceiling.sqlite(place / "linkmill.db", job_id)))
    return [_figure("SQLite, 1,000,000-row CSV, compared with executemany", pairs, LEAST_SQLITE)]


def rate(system: System, path: Path, count: int) -> float:
    return time_upload(system, path, count)[0]


def time_upload(system: System, path: Path, count: int) -> tuple[float, str]:
    """Return the rows a second of an upload whose every row creates a link, and the id of its job."""
    client = Client(system)
    start = time.perf_counter()
    job = client.wait_for_end(client.post_csv(path))
    seconds = time.perf_counter() - start
    if job["counts"]["created"] != count:
        raise RuntimeError(f"not every row created a link: {job}")
    return count / seconds, job["id"]


def _against(system: System, folder: Path, custom: bool) -> list[tuple[float, float]]:
    rows.write(folder / "rows.csv", rows.make(MILLION, custom))
    url = system.database_url
    pairs: list[tuple[float, float]] = []
    for _ in range(ROUNDS):
        empty(url)
        ours, job_id = time_upload(system, folder / "rows.csv", MILLION)
        pairs.append((ours, ceiling.postgresql(url, job_id)))
    empty(url)
    return pairs


def _figure(what: str, pairs: list[tuple[float, float]], least: float) -> Figure:
    ours, peer = (statistics.median(side) for side in zip(*pairs, strict=True))
    ratio = statistics.median(one / other for one, other in pairs)
    return Figure(what, f"{ours:,.0f} rows/s", f"{peer:,.0f} rows/s", f"{ratio:.2f}", f">= {least}", ratio >= least)
