"""A whole system, started as `make run` starts it, and a client for it."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import Engine, NullPool, create_engine, make_url, text

from models.store import DIALECTS
from runner import procfile
from tests import ROOT
from tests.waiting import wait_until

START_SECONDS = 100.0
STOP_SECONDS = 30.0
OTHER_SERVERS = ("REDIS_URL", "BROKER_URL", "BASE_URL")
OPEN_STATUSES = ("queued", "running")

Prefix = Callable[[str], str]


@dataclass(slots=True)
class System:
    """A running system as the owner of one key sees it."""

    url: str
    data_dir: Path
    database_url: str
    process: subprocess.Popen[str]
    environment: dict[str, str]
    client: httpx.Client
    key: dict[str, str]
    command: tuple[str, ...]

    def post(self, body: Any = None, path: str = "/api/jobs", **options: Any) -> httpx.Response:
        """Post JSON, or bytes or a stream whose content type is in the options."""
        if isinstance(body, dict | list):
            options["json"] = body
        elif body is not None:
            options["content"] = body
        return self.client.post(path, **options)

    def post_csv(self, content: str | bytes, **options: Any) -> httpx.Response:
        headers = {"Content-Type": "text/csv"} | options.pop("headers", {})
        return self.post(content, headers=headers, **options)

    def job(self, job_id: str) -> dict[str, Any]:
        job: dict[str, Any] = self.client.get(f"/api/jobs/{job_id}").raise_for_status().json()
        return job

    def wait_for_job(self, response: httpx.Response, seconds: float = 60) -> dict[str, Any]:
        """Wait until the job of a response has ended, and return it."""
        job_id = response.raise_for_status().json()["id"]
        return wait_until(lambda: job_if_ended(self.job(job_id)), seconds, f"job {job_id} to end")

    def items(self, job: dict[str, Any], **query: Any) -> list[dict[str, Any]]:
        """Return every item of a job, from all pages."""
        items: list[dict[str, Any]] = []
        parameters = {"limit": 1000, **query}
        while True:
            page = self.client.get(job["links"]["items"], params=parameters).raise_for_status().json()
            items += page["items"]
            if page["next_cursor"] is None:
                return items
            parameters["cursor"] = page["next_cursor"]

    def sql(self, statement: str) -> list[Any]:
        """Run a statement in the database and return its rows, if it has any."""
        with _engine(self.database_url).begin() as db:
            result = db.execute(text(statement))
            return [tuple(row) for row in result] if result.returns_rows else []

    @property
    def shard_rows(self) -> int:
        """The number of rows of a shard on this store."""
        return shard_rows_of(self.database_url)

    def rows_of(self, shards: float, most: int) -> int:
        """The number of rows that make so many shards, or `most` if that is less."""
        return min(most, round(shards * self.shard_rows))

    def log(self) -> str:
        return (self.data_dir / "run.log").read_text()

    def restart(self) -> None:
        """Stop everything as Ctrl-C does, and start it again."""
        _stop(self.process)
        self.process = _start(self.command, self.data_dir, self.environment)
        _wait_until_ready(self.process, self.data_dir)


@cache
def _engine(database_url: str) -> Engine:
    """An engine that keeps no connection: tests stop databases."""
    url = make_url(database_url)
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    return create_engine(url, poolclass=NullPool)


def shard_rows_of(database_url: str) -> int:
    return DIALECTS[make_url(database_url).get_backend_name()].shard_rows


@contextmanager
def running_system(
    folder: Path,
    database_url: str,
    flower: bool = True,
    prefix: Prefix | None = None,
    root: Path = ROOT,
    **settings: str,
) -> Iterator[System]:
    """Start everything as `make run` does, and stop it as Ctrl-C does; without Flower it starts sooner.

    `prefix` returns the words that come before the command of a process. `root` is the source tree that is run.
    """
    data_dir = folder / "var"
    data_dir.mkdir(exist_ok=True)
    environment = {name: value for name, value in os.environ.items() if name not in OTHER_SERVERS}
    environment |= {"DATA_DIR": str(data_dir), "DATABASE_URL": database_url, "WORKERS": "2"}
    environment |= {"ALLOW_UNPROVEN_DOMAINS": "1"}
    environment |= {"PORT": str(free_port()), "FLOWER_PORT": str(free_port())} | settings
    command = (sys.executable, "-m", "runner", str(_write_procfile(root, folder, flower, prefix)))
    process = _start(command, data_dir, environment, root)
    try:
        _wait_until_ready(process, data_dir)
        system = _connect(data_dir, database_url, process, environment, command)
    except BaseException:
        _stop(process)
        raise
    try:
        yield system
    finally:
        _stop(system.process)


def _start(
    command: Sequence[str], data_dir: Path, environment: dict[str, str], root: Path = ROOT
) -> subprocess.Popen[str]:
    with (data_dir / "run.log").open("w") as log:
        return subprocess.Popen(command, cwd=root, env=environment, stdout=log, stderr=subprocess.STDOUT, text=True)


def _stop(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGTERM)
    process.wait(STOP_SECONDS)


def _write_procfile(root: Path, folder: Path, flower: bool, prefix: Prefix | None) -> Path:
    lines: list[str] = []
    for entry in procfile.read(root / "Procfile"):
        if flower or entry.name != "flower":
            lines.append(f"{entry.name}: {prefix(entry.name) if prefix else ''} {entry.command}\n")
    path = folder / "Procfile"
    path.write_text("".join(lines))
    return path


def _wait_until_ready(process: subprocess.Popen[str], data_dir: Path) -> None:
    log = data_dir / "run.log"

    def is_ready() -> bool:
        assert process.poll() is None, log.read_text()
        return any(line.startswith("ready") for line in log.read_text().splitlines())

    wait_until(is_ready, START_SECONDS, lambda: f"the system to be ready: {log.read_text()[-3000:]}")


def _connect(
    data_dir: Path,
    database_url: str,
    process: subprocess.Popen[str],
    environment: dict[str, str],
    command: tuple[str, ...],
) -> System:
    key = json.loads((data_dir / "first-key.json").read_text())
    url = f"http://localhost:{environment['PORT']}"
    client = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key['token']}"}, timeout=60)
    return System(url, data_dir, database_url, process, environment, client, key, command)


def job_if_ended(job: dict[str, Any]) -> dict[str, Any] | None:
    return None if job["status"] in OPEN_STATUSES else job


@contextmanager
def readable_folder() -> Iterator[Path]:
    """A folder for a server that runs as another user, which cannot read the folders of pytest."""
    with tempfile.TemporaryDirectory(prefix="linkmill-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
