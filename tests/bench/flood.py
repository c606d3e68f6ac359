"""What many small jobs leave to another workspace: single links beside jobs with passwords and jobs of one row."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import NamedTuple

from tests import faults
from tests.bench.systems import Client, Figure, percentile, postgresql_system
from tests.system import System, running_system
from tests.web.commands import new_key

PASSWORD_JOBS = 400
PASSWORDS = 40
SINGLE_JOBS = 10_000
SENDERS = 4
FIRST_ROUNDS = 40
IDLE_ROUNDS = 200
PAUSE_SECONDS = 0.05
LONGEST_SECONDS = 60.0
ROUNDS_BETWEEN_LOOKS = 10  # a look at the queues takes time of the processor too
TIMES = 3
IN_HANDS = 16  # messages whose shard a worker has claimed by another one


class Beside(NamedTuple):
    """What was seen while the flood was worked off."""

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
    client = _warm_client(system, other["token"])
    idle = percentile([_create_one(client) for _ in range(IDLE_ROUNDS)], 0.95)
    _send_flood(system)
    # Another client: the server closes connections that are idle.
    beside = _watch(system, _warm_client(system, other["token"]))
    busy = percentile(beside.times, 0.95)
    flood = f"{PASSWORD_JOBS} jobs of {PASSWORDS} passwords and {SINGLE_JOBS:,} of one row"
    what = f"{store}, POST /api/links while {flood} of another workspace are worked off, p95 of {len(beside.times)}"
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


def _warm_client(system: System, token: str) -> Client:
    """Return a client of a system whose processes have their connections, and are back if they missed heartbeats."""
    client = Client(system)
    client.headers["Authorization"] = f"Bearer {token}"
    for _ in range(FIRST_ROUNDS):
        _create_one(client)
    return client


def _send_flood(system: System) -> None:
    """Send all of the flood before any of it is worked on: senders would share the cores with what is measured."""
    bodies = _bodies()
    with ExitStack() as stack:
        for name in ("bulk", "interactive"):
            stack.enter_context(faults.suspended(faults.find_process(system, name)))
        with ThreadPoolExecutor(SENDERS) as threads:
            list(threads.map(partial(_send, system), [bodies[place::SENDERS] for place in range(SENDERS)]))


def _bodies() -> list[str]:
    bodies = []
    for job in range(PASSWORD_JOBS):
        links = [{"url": f"https://example.com/{job}", "password": f"{job} {row}"} for row in range(PASSWORDS)]
        bodies.append(json.dumps({"links": links}))
    for job in range(SINGLE_JOBS):
        bodies.append(json.dumps({"links": [{"url": f"https://example.com/{job}"}]}))
    return bodies


def _send(system: System, bodies: list[str]) -> None:
    client = Client(system)
    for body in bodies:
        _post(client, "/api/jobs", body, 202)


def _watch(system: System, client: Client) -> Beside:
    """Create links until no shard is queued or it has taken long enough."""
    times: list[float] = []
    queued = [_count_queued(system)]
    surplus = []
    deadline = time.monotonic() + LONGEST_SECONDS
    with closing(faults.connect_to_broker(system)) as broker:
        while queued[-1] and time.monotonic() < deadline:
            times += [_create_one(client) for _ in range(ROUNDS_BETWEEN_LOOKS)]
            messages = sum(broker.llen(queue) for queue in ("bulk", "interactive"))
            queued.append(_count_queued(system))
            surplus.append(messages - queued[-1])
    return Beside(times, max(surplus), max(queued))


def _count_queued(system: System) -> int:
    ((queued,),) = system.sql("SELECT count(*) FROM shards WHERE state = 'queued'")
    return int(queued)


def _create_one(client: Client) -> float:
    """Milliseconds from the post to the link."""
    time.sleep(PAUSE_SECONDS)
    start = time.perf_counter()
    _post(client, "/api/links", json.dumps({"url": "https://example.com/"}), 201)
    return (time.perf_counter() - start) * 1000


def _post(client: Client, path: str, body: str, expected: int) -> None:
    status, answer = client.send("POST", path, body, Content_Type="application/json")
    if status != expected:
        raise RuntimeError(f"{status}: {answer!r}")
