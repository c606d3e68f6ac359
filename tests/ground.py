"""The ground that tests stand on: systems to talk to, and waiting for what has to come."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
from sqlalchemy import create_engine, make_url, text

from models import store
from models.accounts import keys
from models.accounts.keys import Owner

T = TypeVar("T")

ROOT = Path(__file__).parent.parent
START_SECONDS = 60.0
OPEN = ("queued", "running")


@dataclass(frozen=True, slots=True)
class System:
    url: str
    data_dir: Path
    database_url: str
    process: subprocess.Popen[str]
    environment: dict[str, str]
    client: httpx.Client
    key: dict[str, str]

    def post(self, body: Any = None, path: str = "/api/jobs", **more: Any) -> httpx.Response:
        """Posts JSON, or bytes or a stream with a content type of the caller's."""
        if isinstance(body, dict | list):
            more["json"] = body
        elif body is not None:
            more["content"] = body
        return self.client.post(path, **more)

    def csv(self, text: str | bytes, **more: Any) -> httpx.Response:
        return self.post(text, headers={"Content-Type": "text/csv"} | more.pop("headers", {}), **more)

    def job(self, job_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.client.get(f"/api/jobs/{job_id}").raise_for_status().json()
        return found

    def finished(self, response: httpx.Response, seconds: float = 60) -> dict[str, Any]:
        """The job of an answer, when it has ended."""
        job_id = response.raise_for_status().json()["id"]
        return until(lambda: ended(self.job(job_id)), seconds, f"job {job_id} to end")

    def items(self, job: dict[str, Any], **query: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        cursor: str | None = ""
        while cursor is not None:
            asked = {"limit": 1000, **query} | ({"cursor": cursor} if cursor else {})
            page = self.client.get(job["links"]["items"], params=asked).raise_for_status().json()
            found, cursor = found + page["items"], page["next_cursor"]
        return found

    def sql(self, query: str) -> list[Any]:
        """Asks the database itself, or tells it something."""
        url = make_url(self.database_url)
        engine = create_engine(url.set(drivername="postgresql+psycopg") if url.drivername == "postgresql" else url)
        with engine.begin() as db:
            found = db.execute(text(query))
            rows = [tuple(row) for row in found] if found.returns_rows else []
        engine.dispose()
        return rows

    def log(self) -> str:
        return (self.data_dir / "run.log").read_text()


@contextmanager
def running(folder: Path, database_url: str, **settings: str) -> Iterator[System]:
    """Starts everything as `make run` does, and ends it as Ctrl-C does."""
    port, flower = free_port(), free_port()
    environment = {name: value for name, value in os.environ.items() if name not in ("REDIS_URL", "BASE_URL")}
    environment |= {"DATA_DIR": str(folder / "var"), "DATABASE_URL": database_url, "WORKERS": "2"}
    environment |= {"PORT": str(port), "FLOWER_PORT": str(flower)} | settings
    (folder / "var").mkdir(exist_ok=True)
    with (folder / "var" / "run.log").open("w") as log:
        command = [sys.executable, "-m", "runner"]
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT, text=True)
    try:
        yield _ready(folder / "var", database_url, process, environment, port)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _ready(
    data_dir: Path, database_url: str, process: subprocess.Popen[str], environment: dict[str, str], port: int
) -> System:
    log = data_dir / "run.log"

    def said_ready() -> bool:
        assert process.poll() is None, log.read_text()
        return any(line.startswith("ready") for line in log.read_text().splitlines())

    until(said_ready, START_SECONDS, lambda: f"the system to be ready: {log.read_text()[-3000:]}")
    key = json.loads((data_dir / "first-key.json").read_text())
    url = f"http://localhost:{port}"
    client = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key['token']}"}, timeout=60)
    return System(url, data_dir, database_url, process, environment, client, key)


def until(look: Callable[[], T | None], seconds: float = 30.0, what: str | Callable[[], str] = "a condition") -> T:
    """Looks again and again until there is something, for so long at most."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s for {what() if callable(what) else what}")
        time.sleep(0.02)
    return found


def ended(job: dict[str, Any]) -> dict[str, Any] | None:
    return None if job["status"] in OPEN else job


@contextmanager
def readable_folder() -> Iterator[Path]:
    """A folder for a server that runs as another user: those of pytest are closed to it whenever a session begins."""
    with tempfile.TemporaryDirectory(prefix="linkmill-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def new_owner(workspace: str) -> Owner:
    """A key in a workspace of the database that this process uses."""
    with store.write() as db:
        made = keys.create(db, workspace, "enterprise", "test", list(keys.SCOPES))
        found = keys.by_token(db, made["token"])
    assert found
    return found
