"""How long small requests take, alone and while a large job runs."""

import json
import statistics
import time
from pathlib import Path

from tests.bench import rows
from tests.bench.systems import Client, Figure, percentile, postgresql_system

ROUNDS = 100
WANTED_MS = {1: 25, 100: 25, 1000: 80}
P95_MS, P99_MS = 50, 150


def measure(folder: Path) -> list[Figure]:
    rows.write(folder / "rows.csv", rows.make(1_000_000))
    with postgresql_system(folder) as system:
        client = Client(system)
        waited = [_waited(client, count, wanted) for count, wanted in WANTED_MS.items()]
        return waited + _status_beside_a_job(client, Client(system), folder)


def _waited(client: Client, count: int, wanted: int) -> Figure:
    times = [post_and_wait(client, count, turn) for turn in range(ROUNDS)]
    middle = statistics.median(times)
    what = f"{count:,} rows, from the request to the finished job (Prefer: wait), median"
    return Figure(
        what, f"{middle:.1f} ms", f"p95 {percentile(times, 0.95):.1f} ms", "", f"<= {wanted} ms", middle <= wanted
    )


def post_and_wait(client: Client, count: int, turn: int) -> float:
    """Return the milliseconds from a request with some rows to its answer, the finished job."""
    body = json.dumps(
        {"links": [{"url": f"https://example.com/{turn}/{row}", "title": "A title"} for row in range(count)]}
    )
    start = time.perf_counter()
    status, answer = client.send("POST", "/api/jobs", body, Content_Type="application/json", Prefer="wait=20")
    if status != 200:
        raise RuntimeError(f"{status}: {answer!r}")
    return (time.perf_counter() - start) * 1000


def _status_beside_a_job(client: Client, other: Client, folder: Path) -> list[Figure]:
    times: list[float] = []
    job_id = client.post_csv(folder / "rows.csv")
    status = "running"
    while status in ("queued", "running"):
        start = time.perf_counter()
        status = json.loads(other.send("GET", f"/api/jobs/{job_id}")[1])["status"]
        times.append((time.perf_counter() - start) * 1000)
    p95, p99 = percentile(times, 0.95), percentile(times, 0.99)
    what = f"GET of the job while its 1,000,000 rows run, {len(times):,} times"
    return [
        Figure(f"{what}, p95", f"{p95:.1f} ms", "", "", f"<= {P95_MS} ms", p95 <= P95_MS),
        Figure(f"{what}, p99", f"{p99:.1f} ms", "", "", f"<= {P99_MS} ms", p99 <= P99_MS),
    ]
