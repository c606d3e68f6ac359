"""Redis Sentinel: signals, limits and wake-ups go to the server that the sentinel names, also after a failover."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import redis

from producer.signals import broker, celery_app, queues, wakeups
from runner.broker import find_program
from tests.fixtures.processes import process_environment
from tests.system import STOP_SECONDS, free_port
from tests.waiting import wait_until
from web import limits

HOST = "127.0.0.1"
NAME = "links"


class Servers(NamedTuple):
    sentinel: int
    master: int
    replica: int

    @property
    def url(self) -> str:
        """The first sentinel does not answer, so the second is asked."""
        return f"sentinel://{HOST}:1,{HOST}:{self.sentinel}/3?master={NAME}"


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Servers]:
    servers = Servers(free_port(), free_port(), free_port())
    configuration = tmp_path / "sentinel.conf"
    configuration.write_text(f"port {servers.sentinel}\nsentinel monitor {NAME} {HOST} {servers.master} 1\n")
    with ExitStack() as running:
        running.enter_context(server(tmp_path, servers.master))
        running.enter_context(server(tmp_path, servers.replica, "--replicaof", HOST, str(servers.master)))
        running.enter_context(server(tmp_path, servers.sentinel, str(configuration), "--sentinel"))
        yield servers


@contextmanager
def server(folder: Path, port: int, *words: str) -> Iterator[None]:
    options = [*words, "--port", str(port), "--bind", HOST, "--dir", str(folder)]
    if "--sentinel" not in words:
        options += ["--save", ""]
    process = subprocess.Popen([find_program(), *options], stdout=subprocess.DEVNULL)
    try:
        wait_until(lambda: answers(port), what=f"the server of port {port}")
        yield
    finally:
        process.kill()  # a master that ends would wait for its replica
        process.wait(STOP_SECONDS)


def answers(port: int) -> bool:
    try:
        return bool(redis.Redis(HOST, port).ping())
    except redis.RedisError:
        return False


def test_everything_goes_to_the_server_that_the_sentinel_names(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "celeryconfig", raising=False)  # it has read the settings of other tests
    with process_environment({"REDIS_URL": servers.url}):
        assert broker.client().ping()
        assert wakeups.send_task("clear", wakeups.BULK)
        assert queues.length(wakeups.BULK) == 1
        assert limits._limiter().storage.check()
        master = redis.Redis(HOST, servers.master, db=3)
        assert master.llen(wakeups.BULK) == 1
        fail_over(servers)
        wait_until(lambda: sends(), what="wake-ups to reach the new master")
        assert redis.Redis(HOST, servers.replica, db=3).llen(wakeups.BULK) > 0
        celery_app.app().close()


def fail_over(servers: Servers) -> None:
    """Make the replica the master, as a sentinel does: the former one becomes a replica, and refuses to write."""
    redis.Redis(HOST, servers.replica).replicaof("NO", "ONE")
    redis.Redis(HOST, servers.master).replicaof(HOST, str(servers.replica))
    sentinel: Any = redis.Redis(HOST, servers.sentinel)
    sentinel.execute_command("SENTINEL REMOVE", NAME)
    sentinel.execute_command("SENTINEL MONITOR", NAME, HOST, servers.replica, 1)


def sends() -> bool:
    return wakeups.send_task("clear", wakeups.BULK) and queues.length(wakeups.BULK) > 0
