"""What many small jobs leave to another workspace: single links beside jobs with passwords and jobs of one row."""

import json
import multiprocessing
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from multiprocessing.context import ForkProcess
from pathlib import Path
from typing import NamedTuple

from tests import faults
from tests.bench.systems import Client, Figure, percentile, postgresql_system
from tests.system import System, running_system
from tests.web.commands import new_key

PASSWORD_JOBS = 400
PASSWORDS = 40
SINGLE_JOBS = 10_000
SENDERS = 2
IDLE_ROUNDS = 60
PAUSE_SECONDS = 0.1
LONGEST_SECONDS = 120.0
TIMES = 3
IN_HANDS = 16  # messages whose shard a worker has claimed by another one


class Beside(NamedTuple):
    """What was seen while the flood lasted."""

    times: list[float]
    most_surplus: int
    """Wake-ups in the broker beyond the queued shards."""
    most_queued: int


def postgresql(folder: Path) -> list[Figure]:
    with postgresql_system(folder) as system:
        return _measure(system, "PostgreSQL")


def sqlite(folder: Path) -> list[Figure]:
    with running_system(folder, f"sqlite:///{folder}/linkmill.db") as system:
        return _measure(system, "SQLite")


def _measure(system: System, store: str) -> list[Figure]:
    other = new_key(system, "--workspace", "other", "--plan", "enterprise")
    client = Client(system)
    client.headers["Authorization"] = f"Bearer {other['token']}"
    for _ in range(10):
        _create_one(client)
    idle = percentile([_create_one(client) for _ in range(IDLE_ROUNDS)], 0.95)
    with _flooded(system) as senders:
        beside = _watch(system, client, senders)
    busy = percentile(beside.times, 0.95)
    flood = f"{PASSWORD_JOBS} jobs of {PASSWORDS} passwords and {SINGLE_JOBS:,} of one row"
    what = f"{store}, 1 link while another workspace has {flood}, p95 of {len(beside.times)}"
    return [
        Figure(
            what,
            f"{busy:.0f} ms",
            f"{idle:.0f} ms alone",
            f"{busy / idle:.1f} x",
            f"<= {TIMES} x",
            busy <= TIMES * idle,
        ),
        Figure(
            f"{store}, the same: wake-ups in the broker beyond the queued shards",
            f"{beside.most_surplus}",
            f"{beside.most_queued:,} shards",
            "",
            f"<= {IN_HANDS}",
            beside.most_surplus <= IN_HANDS,
        ),
    ]


@contextmanager
def _flooded(system: System) -> Iterator[list[ForkProcess]]:
    """Send the flood from processes of their own, which do not slow this one's clock down."""
    fork = multiprocessing.get_context("fork")
    senders = [fork.Process(target=_flood, args=(system, sender)) for sender in range(SENDERS)]
    for sender in senders:
        sender.start()
    yield senders
    for sender in senders:
        sender.kill()
        sender.join()


def _flood(system: System, sender: int) -> None:
    client = Client(system)
    for job in range(sender, PASSWORD_JOBS, SENDERS):
        links = [{"url": f"https://example.com/{job}", "password": f"{job} {row}"} for row in range(PASSWORDS)]
        _post(client, json.dumps({"links": links}))
    for job in range(sender, SINGLE_JOBS, SENDERS):
        _post(client, json.dumps({"links": [{"url": f"https://example.com/{job}"}]}))


def _watch(system: System, client: Client, senders: list[ForkProcess]) -> Beside:
    times: list[float] = []
    most_surplus = most_queued = 0
    deadline = time.monotonic() + LONGEST_SECONDS
    with closing(faults.connect_to_broker(system)) as broker:
        while not times or (time.monotonic() < deadline and any(sender.is_alive() for sender in senders)):
            times.append(_create_one(client))
            messages = sum(broker.llen(queue) for queue in ("bulk", "interactive"))
            ((queued,),) = system.sql("SELECT count(*) FROM shards WHERE state = 'queued'")
            most_surplus = max(most_surplus, messages - queued)
            most_queued = max(most_queued, queued)
            time.sleep(PAUSE_SECONDS)
    return Beside(times, most_surplus, most_queued)


def _create_one(client: Client) -> float:
    """Milliseconds from the post to the finished job."""
    start = time.perf_counter()
    _post(client, json.dumps({"url": "https://example.com/", "count": 1}), Prefer="wait=30")
    return (time.perf_counter() - start) * 1000


def _post(client: Client, body: str, **headers: str) -> None:
    status, answer = client.send("POST", "/api/jobs", body, Content_Type="application/json", **headers)
    if status not in (200, 202):
        raise RuntimeError(f"{status}: {answer!r}")
