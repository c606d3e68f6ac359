"""Faults of messages: what the broker delivers is wrong, old, or comes too often."""

import json
import pickle
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.chaos.fault import Fault
from tests.faults import connect_to_broker, send_message
from tests.system import System
from tests.waiting import wait_until

QUEUES = ("bulk", "interactive", "deliver", "titles", "sweep")
PICKLE = "application/x-python-serialize"
COPIES = 10
MANY = 2_000
NO_JOBS = ("0", "-7", "999999999", "x")


class Trap:
    """An object that creates a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def send_malformed(system: System) -> None:
    for queue in QUEUES:
        with closing(connect_to_broker(system)) as client:
            client.lpush(queue, "{not a message")
        send_message(system, queue, {}, b"no task at all")
        send_message(system, queue, task("create"), b"{not json")
        send_message(system, queue, task("create"), b"[1, 2]")


def send_pickled(system: System) -> None:
    trap = system.data_dir / "executed"
    for queue in QUEUES:
        send_message(system, queue, task("create"), pickle.dumps(Trap(trap)), PICKLE)
    wait_until(lambda: not any(has_pickle(system, queue) for queue in QUEUES), what="the messages to be taken")
    assert not trap.exists()


def has_pickle(system: System, queue: str) -> bool:
    with closing(connect_to_broker(system)) as client:
        messages: Any = client.lrange(queue, 0, -1)
    return any(PICKLE in str(message) for message in messages)


def send_unknown_task(system: System) -> None:
    for queue in QUEUES:
        send_message(system, queue, task("no.such.task"), b"[[], {}, {}]")


def wake_for_finished_job(system: System) -> None:
    job = system.wait_for_job(system.post_csv("url\nhttps://example.com/\n"))
    for name in ("create", "split", "undo"):
        wake(system, name, str(job["id"]), COPIES)


def wake_for_no_job(system: System) -> None:
    for job_id in NO_JOBS:
        wake(system, "create", job_id, COPIES)


def copy_every_message(system: System) -> None:
    """Deliver what waits in the queues ten times, and the wake-ups of running jobs too."""
    with closing(connect_to_broker(system)) as client:
        for queue in QUEUES:
            messages: Any = client.lrange(queue, 0, -1)
            for message in messages * (COPIES - 1):
                client.lpush(queue, message)
    for (job_id,) in system.sql("SELECT id FROM jobs WHERE status IN ('queued', 'running')"):
        wake(system, "create", str(job_id), COPIES)
        wake(system, "split", str(job_id), COPIES)


def flood(system: System) -> None:
    wake(system, "create", "0", MANY)


def wake(system: System, name: str, job_id: str, times: int) -> None:
    body = json.dumps([[], {"job": job_id, "shard": 0, "rows": 1}, {}]).encode()
    for _ in range(times):
        send_message(system, "bulk", task(name), body)


def task(name: str) -> dict[str, Any]:
    return {"task": name, "id": uuid4().hex, "lang": "py"}


FAULTS = (
    Fault("malformed messages", send_malformed),
    Fault("pickled messages", send_pickled),
    Fault("messages for a task that does not exist", send_unknown_task),
    Fault("ten messages for a job that has ended", wake_for_finished_job),
    Fault("ten messages for jobs that do not exist", wake_for_no_job),
    Fault("ten copies of every message", copy_every_message),
    Fault("2,000 needless messages", flood),
)
