"""A node whose host cannot reach the database leaves the wake-ups to others, and takes them again when it can."""

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from celery import Celery
from psycopg.conninfo import conninfo_to_dict

from models import settings
from producer.signals import broker, broker_options
from producer.signals.broker import Beat
from tests import ROOT
from tests.chaos.network import Proxy, proxy
from tests.fixtures.processes import process_environment
from tests.system import System
from tests.waiting import wait_until
from workers.heartbeat import follow, queue_of_node
from workers.node_pause import NodePause

NODE = f"distant@{socket.gethostname()}"
OWN_QUEUE = queue_of_node(NODE)
QUEUES = ("bulk", "interactive", "sweep")
STOP_SECONDS = 30.0


class Consumer:
    """The messages' consumer of a node that calls back at once."""

    def __init__(self) -> None:
        self.task_consumer = self
        self.queues = {OWN_QUEUE, *QUEUES}

    def call_soon(self, call: Callable[[], None]) -> None:
        call()

    def consuming_from(self, name: str) -> bool:
        return name in self.queues

    def cancel_by_queue(self, name: str) -> None:
        self.queues.remove(name)

    def add_queue(self, queue: str) -> None:
        assert queue not in self.queues
        self.queues.add(queue)

    def consume(self) -> None:
        assert OWN_QUEUE in self.queues


@pytest.fixture
def consumer() -> Consumer:
    return Consumer()


@pytest.fixture
def pause(consumer: Consumer) -> NodePause:
    consumed = {name: name for name in (OWN_QUEUE, *QUEUES)}
    app = SimpleNamespace(amqp=SimpleNamespace(queues=SimpleNamespace(consume_from=consumed)))
    pause = NodePause()
    pause.watch(SimpleNamespace(app=app, consumer=consumer, hostname=NODE), OWN_QUEUE)
    return pause


def test_a_node_that_pauses_receives_its_own_heartbeats_only(pause: NodePause, consumer: Consumer) -> None:
    pause.begin()
    pause.begin()
    assert consumer.queues == {OWN_QUEUE}


def test_it_resumes_with_a_heartbeat_that_was_sent_after_the_last_failure(pause: NodePause, consumer: Consumer) -> None:
    earlier = time.monotonic()
    pause.begin()
    pause.end_after(earlier)
    assert consumer.queues == {OWN_QUEUE}
    pause.end_after(time.monotonic())
    pause.end_after(time.monotonic())
    assert consumer.queues == {OWN_QUEUE, *QUEUES}


def test_a_new_connection_to_the_broker_does_not_end_the_pause(pause: NodePause, consumer: Consumer) -> None:
    pause.begin()
    consumer.queues.update(QUEUES)
    pause.begin()
    assert consumer.queues == {OWN_QUEUE}


def test_a_node_follows_what_its_heartbeat_says(
    pause: NodePause, consumer: Consumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.heartbeat.pause", pause)
    follow(None)
    follow(Beat(str(time.monotonic()), can_work=False))
    assert consumer.queues == {OWN_QUEUE}
    follow(Beat(str(time.monotonic()), can_work=True))
    assert consumer.queues == {OWN_QUEUE, *QUEUES}


@pytest.mark.parametrize("fragile_system", ["postgresql"], indirect=True)
def test_a_node_that_is_cut_off_from_the_database_delays_nobody(fragile_system: System, tmp_path: Path) -> None:
    with running_node(fragile_system, tmp_path) as (app, database):
        wait_until(lambda: consumed_queues(app) == {OWN_QUEUE, *QUEUES}, what="the node to start")
        database.refuse()
        wait_until(lambda: consumed_queues(app) == {OWN_QUEUE}, what="the node to pause")
        wait_until(lambda: not wait_until(lambda: broker.last_beat(NODE)).can_work, what="the heartbeat to say so")
        failures = count_failures(tmp_path)
        for _ in range(10):
            job = fragile_system.post_csv("url\nhttps://example.com/\n", headers={"Prefer": "wait=10"})
            assert job.json()["status"] == "completed"
        assert count_failures(tmp_path) == failures
        assert fragile_system.client.get("/readyz").json()["workers"] == "ok"
        database.listen()
        wait_until(lambda: consumed_queues(app) == {OWN_QUEUE, *QUEUES}, what="the node to resume")


@contextmanager
def running_node(system: System, folder: Path) -> Iterator[tuple[Celery, Proxy]]:
    """Start a node whose connections to the database go through a relay; give the system's Celery and the relay."""
    server = conninfo_to_dict(system.database_url)
    words = ["-q", "-A", "workers.app", "worker", "-n", NODE, "-Q", ",".join(QUEUES), "-c", "1", "--without-mingle"]
    with proxy(f"{server['host']}/.s.PGSQL.5432") as database, (folder / "node.log").open("w") as log:
        url = f"postgresql://postgres@127.0.0.1:{database.port}/{server['dbname']}"
        node = subprocess.Popen(
            [sys.executable, "-m", "celery", *words],
            cwd=ROOT,
            env=system.environment | {"DATABASE_URL": url},
            stdout=log,
            stderr=log,
        )
        try:
            with process_environment(system.environment):
                url = f"unix://{settings.socket_path(system.data_dir)}"
                yield Celery(broker=broker_options.celery_url(url)), database
        finally:
            node.terminate()
            node.wait(STOP_SECONDS)


def consumed_queues(app: Celery) -> set[str]:
    answers: Any = app.control.inspect([NODE], timeout=0.5).active_queues() or {}
    return {queue["name"] for queue in answers.get(NODE, [])}


def count_failures(folder: Path) -> int:
    return (folder / "node.log").read_text().count("task_failed")
