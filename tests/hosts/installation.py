"""One installation on several hosts: the servers that it needs, its webs and its workers, and a client."""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import httpx

from tests.hosts import servers
from tests.hosts.network import Host, connected, inside, running
from tests.system import OTHER_SERVERS, START_SECONDS, System
from tests.waiting import wait_until

WEB_PORT = 8000
DATABASE, BROKER, STORE, CLIENT = "postgresql", "valkey", "s3", "client"
WORKER_PROCESSES = "1"  # a host: the cores of this machine are shared by all
BASE_URL = "http://links.test"


class Plan(NamedTuple):
    """Which hosts of ours there are, what each runs, and whether uploads lie in a store with a host of its own."""

    hosts: dict[str, str]
    has_store: bool = True

    @property
    def webs(self) -> list[str]:
        return [name for name, processes in self.hosts.items() if "web" in processes]

    @property
    def takes_small_jobs(self) -> bool:
        return any("interactive" in processes for processes in self.hosts.values())


SEVEN = Plan(
    {
        "web-1": "web",
        "web-2": "web",
        "worker-1": "bulk,interactive,beat",
        "worker-2": "bulk,interactive,beat",
    }
)
"""With PostgreSQL, Valkey and the store these are seven hosts; the client has another."""

SMALL = Plan({"all": "web,bulk,beat"}, has_store=False)


class Installation(NamedTuple):
    """What runs, as the client sees it, and as the database does."""

    hosts: dict[str, Host]
    webs: list[str]
    """The addresses of the webs: the client takes the next one when one does not answer."""
    system: System
    takes_small_jobs: bool


@contextmanager
def installed(plan: Plan, folder: Path) -> Iterator[Installation]:
    """Start everything, and be on the client's host for the length of the block."""
    with ExitStack() as stack:
        hosts = stack.enter_context(connected(list(_names(plan))))
        socket_url = stack.enter_context(servers.postgresql(hosts[DATABASE], folder / "database"))
        settings = {
            "DATABASE_URL": f"postgresql://postgres@{hosts[DATABASE].address}:{servers.POSTGRESQL_PORT}/postgres",
            "REDIS_URL": stack.enter_context(servers.valkey(hosts[BROKER], folder)),
            "UPLOADS_URL": str(folder / "uploads"),
        }
        if plan.has_store:
            settings |= stack.enter_context(servers.object_store(hosts[STORE], folder))
        for name, processes in plan.hosts.items():
            stack.enter_context(_started(hosts[name], processes, settings, folder))
        _wait_until_ready(folder, list(plan.hosts))
        stack.enter_context(inside(hosts[CLIENT]))
        webs = [f"http://{hosts[name].address}:{WEB_PORT}" for name in plan.webs]
        yield Installation(hosts, webs, _system(webs[0], folder, socket_url), plan.takes_small_jobs)


def _names(plan: Plan) -> Iterator[str]:
    yield from (DATABASE, BROKER)
    if plan.has_store:
        yield STORE
    yield from plan.hosts
    yield CLIENT


def _started(host: Host, processes: str, settings: dict[str, str], folder: Path) -> AbstractContextManager[None]:
    environment = {name: value for name, value in os.environ.items() if name not in OTHER_SERVERS}
    own = {
        "DATA_DIR": str(folder / host.name),
        "HOST": host.address,
        "PORT": str(WEB_PORT),
        "BASE_URL": BASE_URL,
        "WORKERS": WORKER_PROCESSES,
    }
    command = [sys.executable, "-m", "runner", "--only", processes]
    return running(host, command, environment | settings | own, _log(folder, host.name))


def _wait_until_ready(folder: Path, names: Sequence[str]) -> None:
    for name in names:
        log = _log(folder, name)
        wait_until(partial(_is_ready, log), START_SECONDS, partial(_describe, log))


def _is_ready(log: Path) -> bool:
    return any(line.startswith("ready") for line in log.read_text().splitlines())


def _describe(log: Path) -> str:
    return f"{log.name}: {log.read_text()[-2000:]}"


def _log(folder: Path, name: str) -> Path:
    return folder / f"{name}.log"


def _system(url: str, folder: Path, database_url: str) -> System:
    (path,) = folder.glob("*/first-key.json")  # of whichever host was the first
    key = json.loads(path.read_text())
    client = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key['token']}"}, timeout=60)
    return System(url, folder, database_url, None, {}, client, key, ())  # type: ignore[arg-type]
