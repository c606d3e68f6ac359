"""Redirects a second, and whether every click is counted."""

import statistics
from pathlib import Path

from tests.bench import load, rows
from tests.bench.load import CONNECTIONS, Load
from tests.bench.systems import ROUNDS, Client, Figure, postgresql_system
from tests.system import System
from tests.waiting import wait_until

LINKS = 100_000
SECONDS = 8.0
WARM_SECONDS = 3.0
LEAST = 3_000
P99_MS = 20.0
BY = "" if load.WRK else ", by threads, since wrk is not installed"


def measure(folder: Path) -> list[Figure]:
    rows.write(folder / "rows.csv", rows.make(LINKS))
    with postgresql_system(folder) as system:
        client = Client(system)
        client.wait_for_end(client.post_csv(folder / "rows.csv"))
        slugs = folder / "slugs"
        slugs.write_text("\n".join(slug for (slug,) in system.sql("SELECT slug FROM links")))
        warm = load.run(system.url, slugs, WARM_SECONDS)
        runs = [load.run(system.url, slugs, SECONDS) for _ in range(ROUNDS)]
        rate = statistics.median(run.rate for run in runs)
        half = load.run(system.url, slugs, SECONDS, pause_ms=round(CONNECTIONS / (rate / 2) * 1000))
        return [_speed(rate, runs), _patience(half), _counted(system, [warm, *runs, half])]


def _speed(rate: float, runs: list[Load]) -> Figure:
    failed = sum(run.failed for run in runs)
    what = f"redirects of {LINKS:,} links at random, {CONNECTIONS} connections{BY}"
    good = rate >= LEAST and not failed
    return Figure(what, f"{rate:,.0f}/s", f"{failed} failed", "", f">= {LEAST:,}/s", good)


def _patience(half: Load) -> Figure:
    what = f"the same at half the rate, p99{BY}"
    good = half.p99_ms < P99_MS
    return Figure(what, f"{half.p99_ms:.1f} ms", f"at {half.rate:,.0f}/s", "", f"< {P99_MS:.0f} ms", good)


def _counted(system: System, runs: list[Load]) -> Figure:
    """Compare clicks with answers; wrk closes its connections at the end and misses the last answer of each."""
    answered, unseen = sum(run.requests for run in runs), len(runs) * CONNECTIONS

    def counted() -> int:
        return int(system.sql("SELECT coalesce(sum(count), 0) FROM clicks")[0][0])

    wait_until(lambda: counted() >= answered, 20, lambda: f"{answered:,} clicks; there are {counted():,}")
    found = counted()
    good = answered <= found <= answered + unseen
    return Figure(
        "clicks in the database, compared with redirects answered", f"{found:,}", f"{answered:,}", "", "equal", good
    )
