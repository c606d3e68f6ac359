"""The cost of 200 watchers for the job that they watch and for redirects, and the delay of their events."""

import statistics
import threading
import time
from pathlib import Path

import psutil
import psycopg

from tests import faults
from tests.bench import load, rows
from tests.bench.crowd import Crowd, Sight
from tests.bench.systems import Client, Figure, empty, percentile, postgresql_system
from tests.system import System

ROWS = 2_000_000
WATCHERS = 200
PAIRS = 5
COMING_SECONDS = 1.5  # by then all are connected, which costs 1.5 ms of a core each, once
REDIRECT_SECONDS = 4.0
LEAST, LEAST_REDIRECTS = 0.95, 0.9
TOLD_MS = 500
MB = 1 << 20


def measure(folder: Path) -> list[Figure]:
    rows.write_many(folder / "rows.csv", ROWS)
    with postgresql_system(folder) as system:
        _rate(system, folder, 0, [])
        told: list[float] = []
        rates = [(_rate(system, folder, 0, told), _rate(system, folder, WATCHERS, told)) for _ in range(PAIRS)]
        return [_cost(rates), _soon(told), *_redirects(system, folder)]


def _cost(rates: list[tuple[float, float]]) -> Figure:
    alone, watched = (statistics.median(side) for side in zip(*rates, strict=True))
    ratio = statistics.median(one / other for other, one in rates)
    what = f"creation of {ROWS:,} rows with {WATCHERS} watchers, once they are connected"
    return Figure(what, f"{watched:,.0f} rows/s", f"{alone:,.0f} rows/s", f"{ratio:.2f}", f">= {LEAST}", ratio >= LEAST)


def _soon(told: list[float]) -> Figure:
    p95 = percentile(told, 0.95) * 1000
    middle = f"median {statistics.median(told) * 1000:.0f} ms"
    return Figure("a shard's end to its event, p95", f"{p95:.0f} ms", middle, "", f"<= {TOLD_MS} ms", p95 <= TOLD_MS)


def _rate(system: System, folder: Path, watchers: int, told: list[float]) -> float:
    empty(system.database_url)
    client = Client(system)
    crowd = Crowd(system, watchers) if watchers else None
    start = time.time()
    job_id = client.post_csv(folder / "rows.csv")
    ends = _Ends(system, job_id)
    if crowd:
        crowd.watch(job_id)
    job = client.wait_for_end(job_id)
    ends.thread.join()
    if crowd:
        crowd.here()
        told += _delays(ends.at, job["counts"]["total"], crowd.sights())
    late = [end for end in ends.at if end > start + COMING_SECONDS]
    return float(job["counts"]["created"] * len(late) / len(ends.at) / (late[-1] - start - COMING_SECONDS))


class _Ends:
    """The times at which the shards of a job ended: each publishes it after its commit."""

    def __init__(self, system: System, job_id: str) -> None:
        self.at: list[float] = []
        self.thread = threading.Thread(target=self._listen, args=(system, f"linkmill:progress:{job_id}"))
        self.thread.start()

    def _listen(self, system: System, channel: str) -> None:
        with faults.connect_to_broker(system) as broker, broker.pubsub(ignore_subscribe_messages=True) as signals:
            signals.subscribe(channel)
            told = None
            while told != "ended":
                message = signals.get_message(timeout=1.0)
                told = message and message["data"]
                if told:
                    self.at.append(time.time())


def _delays(ends: list[float], total: int, crowd: list[list[Sight]]) -> list[float]:
    """Return the delays from each shard's end to the first event that counts it."""
    shard = total / (len(ends))
    found: list[float] = []
    for sights in crowd:
        for turn, end in enumerate(ends, 1):
            counted = next((sight.at for sight in sights if sight.processed >= round(turn * shard)), None)
            if counted is None:
                raise RuntimeError("a watcher received no event of the end")
            if sights[0].at < end:  # the watcher was connected by then
                found.append(max(0.0, counted - end))
    return found


def _redirects(system: System, folder: Path) -> list[Figure]:
    """Measure redirects while watchers wait for a job that never ends."""
    client, slugs = Client(system), folder / "slugs"
    slugs.write_text("\n".join(slug for (slug,) in system.sql("SELECT slug FROM links LIMIT 100000")))
    (job_id,) = system.sql("SELECT id FROM jobs")[0]
    with psycopg.connect(system.database_url, autocommit=True) as db:
        db.execute("UPDATE jobs SET status = 'running', total = total + 1, finished_at = NULL")
    load.run(system.url, slugs, 2.0)
    alone, slim = load.run(system.url, slugs, REDIRECT_SECONDS), _memory()
    crowd = Crowd(system, WATCHERS)
    crowd.watch(str(job_id))
    crowd.here()
    beside, fat = load.run(system.url, slugs, REDIRECT_SECONDS), _memory()
    crowd.leave()
    client.send("POST", f"/api/jobs/{job_id}/cancel")
    ratio, failed = beside.rate / alone.rate, alone.failed + beside.failed
    what = f"redirects with {WATCHERS} idle watchers"
    good = ratio >= LEAST_REDIRECTS and not failed
    return [
        Figure(what, f"{beside.rate:,.0f}/s", f"{alone.rate:,.0f}/s", f"{ratio:.2f}", f">= {LEAST_REDIRECTS}", good),
        Figure("the same, p99", f"{beside.p99_ms:.1f} ms", f"{alone.p99_ms:.1f} ms", "", "", True),
        Figure("the largest web process meanwhile", f"{fat:.0f} MB", f"{slim:.0f} MB", "", "", True),
    ]


def _memory() -> float:
    sizes = [
        process.info["memory_info"].rss
        for process in psutil.process_iter(["cmdline", "memory_info"])
        if "granian" in " ".join(process.info["cmdline"] or [])
    ]
    return float(max(sizes) / MB)
