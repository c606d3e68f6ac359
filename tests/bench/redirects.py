"""Redirects a second: of many links at random, of a few that everybody follows, and whether every click is counted."""

import statistics
from pathlib import Path

from tests.bench import load, rows
from tests.bench.bare import running_bare_server
from tests.bench.load import CONNECTIONS, Load
from tests.bench.systems import ROUNDS, Client, Figure, postgresql_system
from tests.system import System, running_system
from tests.waiting import wait_until

LINKS = 100_000
HOT_LINKS = 100
SECONDS = 8.0
WARM_SECONDS = 3.0
LEAST = 6_000
LEAST_SHARE = 0.5
P99_MS = 50.0
BY = "" if load.WRK else ", by threads, since wrk is not installed"


def postgresql(folder: Path) -> list[Figure]:
    with postgresql_system(folder) as system:
        return _measure(system, folder, "PostgreSQL")


def sqlite(folder: Path) -> list[Figure]:
    with running_system(folder, f"sqlite:///{folder}/linkmill.db") as system:
        return _measure(system, folder, "SQLite")


def _measure(system: System, folder: Path, store: str) -> list[Figure]:
    rows.write(folder / "rows.csv", rows.make(LINKS))
    client = Client(system)
    client.wait_for_end(client.post_csv(folder / "rows.csv"))
    slugs = [slug for (slug,) in system.sql("SELECT slug FROM links")]
    all_links = folder / "all"
    all_links.write_text("\n".join(slugs))
    hot_links = folder / "hot"
    hot_links.write_text("\n".join(slugs[:: LINKS // HOT_LINKS]))
    warm = load.run(system.url, all_links, WARM_SECONDS)
    at_random = [load.run(system.url, all_links, SECONDS) for _ in range(ROUNDS)]
    hot: list[Load] = []
    bare: list[Load] = []
    with running_bare_server() as bare_url:
        for _ in range(ROUNDS):
            hot.append(load.run(system.url, hot_links, SECONDS))
            bare.append(load.run(bare_url, hot_links, SECONDS))
    return [
        _speed(store, at_random),
        _share(store, hot, bare),
        _counted(store, system, [warm, *at_random, *hot]),
    ]


def _speed(store: str, runs: list[Load]) -> Figure:
    failed = sum(run.failed for run in runs)
    rate = statistics.median(run.rate for run in runs)
    p99 = statistics.median(run.p99_ms for run in runs)
    what = f"{store}: redirects of {LINKS:,} links at random, {CONNECTIONS} connections{BY}"
    is_met = rate >= LEAST and p99 <= P99_MS and not failed
    compared = f"p99 {p99:.0f} ms, {failed} failed"
    return Figure(what, f"{rate:,.0f}/s", compared, "", f">= {LEAST:,}/s, <= {P99_MS:.0f} ms", is_met)


def _share(store: str, hot: list[Load], bare: list[Load]) -> Figure:
    ratio = statistics.median(ours.rate / other.rate for ours, other in zip(hot, bare, strict=True))
    ours = statistics.median(run.rate for run in hot)
    other = statistics.median(run.rate for run in bare)
    what = f"{store}: the same of {HOT_LINKS} links, compared with a bare function in the same server{BY}"
    is_met = ratio >= LEAST_SHARE and not sum(run.failed for run in hot)
    return Figure(what, f"{ours:,.0f}/s", f"{other:,.0f}/s", f"{ratio:.2f}", f">= {LEAST_SHARE}", is_met)


def _counted(store: str, system: System, runs: list[Load]) -> Figure:
    """Compare clicks with answers; wrk closes its connections at the end and misses the last answer of each."""
    answered = sum(run.requests for run in runs)
    unseen = len(runs) * CONNECTIONS

    def count() -> int:
        return int(system.sql("SELECT coalesce(sum(count), 0) FROM clicks")[0][0])

    wait_until(lambda: count() >= answered, 20, lambda: f"{answered:,} clicks; there are {count():,}")
    counted = count()
    is_met = answered <= counted <= answered + unseen
    what = f"{store}: clicks in the database, compared with redirects answered"
    return Figure(what, f"{counted:,}", f"{answered:,}", "", "equal", is_met)
