"""The speed of creating links while pages whose titles are fetched do not answer."""

import json
import statistics
import time
from pathlib import Path

from tests.bench import rows
from tests.bench.systems import ROUNDS, Client, Figure, postgresql
from tests.bench.throughput import rate
from tests.system import System, running_system
from tests.waiting import wait_until
from tests.workers.chores.pages import hanging

HOSTS = 10_000
ROWS = 500_000
LEAST = 0.9


def measure(folder: Path) -> list[Figure]:
    rows.write(folder / "rows.csv", rows.make(ROWS))
    with postgresql(folder) as url, running_system(folder, url, ALLOW_PRIVATE_TARGETS="1") as system, hanging() as port:
        rate(system, folder / "rows.csv", ROWS)
        alone = statistics.median(rate(system, folder / "rows.csv", ROWS) for _ in range(ROUNDS))
        _ask_for_titles(system, port)
        beside = statistics.median(rate(system, folder / "rows.csv", ROWS) for _ in range(ROUNDS))
        if not system.sql("SELECT count(*) FROM untitled")[0][0]:
            raise RuntimeError("the pages did not hang for long enough")
    what, ratio = f"creation while {HOSTS:,} hosts do not answer", beside / alone
    return [
        Figure(what, f"{beside:,.0f} rows/s", f"{alone:,.0f} rows/s", f"{ratio:.2f}", f">= {LEAST}", ratio >= LEAST)
    ]


def _ask_for_titles(system: System, port: int) -> None:
    links = [{"url": f"http://127.{host // 200 + 1}.{host % 200 + 1}.1:{port}/"} for host in range(HOSTS)]
    client = Client(system)
    body = json.dumps({"links": links, "fetch_titles": True})
    _, answer = client.send("POST", "/api/jobs", body, Content_Type="application/json")
    client.wait_for_end(json.loads(answer)["id"])
    start = time.monotonic()
    wait_until(lambda: system.sql("SELECT count(*) FROM untitled WHERE attempts > 0")[0][0] > 0, 20, "fetches to start")
    wait_until(lambda: time.monotonic() - start > 1, 5, "the fetches to hang")
