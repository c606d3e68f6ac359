"""How a large job affects others: a small job of another workspace meanwhile, and two large jobs at once."""

import json
import time
from pathlib import Path
from typing import Any, NamedTuple

from tests.bench import rows
from tests.bench.systems import Client, Figure, percentile, postgresql_system
from tests.system import System, running_system
from tests.web.commands import new_key

SMALL = 100
IDLE_ROUNDS = 60
PAUSE_SECONDS = 0.05
TIMES = 3
LEAST_SHARE = 0.6  # of the slower one is done when the quicker one ends


class Kind(NamedTuple):
    name: str
    rows: int
    patience_ms: float  # what a small job may take whatever it takes when all is quiet


POSTGRESQL, SQLITE = Kind("PostgreSQL", 2_000_000, 0), Kind("SQLite", 400_000, 400)


def postgresql(folder: Path) -> list[Figure]:
    with postgresql_system(folder) as system:
        return _measure(system, folder, POSTGRESQL)


def sqlite(folder: Path) -> list[Figure]:
    with running_system(folder, f"sqlite:///{folder}/linkmill.db") as system:
        return _measure(system, folder, SQLITE)


def _measure(system: System, folder: Path, kind: Kind) -> list[Figure]:
    rows.write_many(folder / "rows.csv", kind.rows)
    other = new_key(system, "--workspace", "other", "--plan", "enterprise")
    big, small = Client(system), _client(system, other["token"])
    for _ in range(5):
        _small(small)
    idle = [_small(small) for _ in range(IDLE_ROUNDS)]
    job_id, beside = big.post_csv(folder / "rows.csv"), list[float]()
    watch = Client(system)
    while _open(watch, job_id):
        beside.append(_small(small))
        time.sleep(PAUSE_SECONDS)
    return [_beside(kind, idle, beside), _side_by_side(kind, folder, big, small)]


def _beside(kind: Kind, idle: list[float], beside: list[float]) -> Figure:
    alone, then = percentile(idle, 0.95), percentile(beside, 0.95)
    most = max(TIMES * alone, kind.patience_ms)
    what = f"{kind.name}, {SMALL} rows while another workspace creates {kind.rows:,}, p95 of {len(beside)}"
    return Figure(
        what, f"{then:.0f} ms", f"{alone:.0f} ms alone", f"{then / alone:.1f} x", f"<= {most:.0f} ms", then <= most
    )


def _side_by_side(kind: Kind, folder: Path, one: Client, other: Client) -> Figure:
    first, second = one.post_csv(folder / "rows.csv"), other.post_csv(folder / "rows.csv")
    while _open(one, first) and _open(other, second):
        time.sleep(PAUSE_SECONDS)
    done = [_job(one, first)["progress"], _job(other, second)["progress"]]
    one.wait_for_end(first)
    other.wait_for_end(second)
    what = f"{kind.name}, two jobs of {kind.rows:,}: progress of the second when the first ends"
    return Figure(what, f"{min(done):.0%}", "", "", f">= {LEAST_SHARE:.0%}", min(done) >= LEAST_SHARE)


def _client(system: System, token: str) -> Client:
    made = Client(system)
    made.headers["Authorization"] = f"Bearer {token}"
    return made


def _small(client: Client) -> float:
    """Milliseconds from the post to the finished job."""
    body = json.dumps({"links": [{"url": f"https://example.com/{row}", "title": "A title"} for row in range(SMALL)]})
    start = time.perf_counter()
    status, answer = client.send("POST", "/api/jobs", body, Content_Type="application/json", Prefer="wait=30")
    if status != 200:
        raise RuntimeError(f"{status}: {answer!r}")
    return (time.perf_counter() - start) * 1000


def _open(client: Client, job_id: str) -> bool:
    return _job(client, job_id)["status"] in ("queued", "running")


def _job(client: Client, job_id: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(client.send("GET", f"/api/jobs/{job_id}")[1])
    return found
