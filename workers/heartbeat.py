"""A node's heart: it sends itself a task, and ends itself when it no longer hears any while the broker answers.

Nodes have been seen alive and deaf after a broker came back; whoever runs the Procfile starts the node again.
It also ends a process of the pool that stands still: that may hold a lock which everybody waits for.
"""

import os
import signal
import threading
import time
from typing import Any

import psutil
import structlog
from celery import bootsteps
from celery.worker import state
from kombu.entity import Queue
from redis.exceptions import RedisError

from producer.signals import broker, wakeups

BEAT_SECONDS = 3.0
DEAF_SECONDS = 12.0
BUSY_SECONDS = 330.0  # longer than any task may run
LAST_SECONDS = 10.0  # for a gentle end
QUEUE_SECONDS = 600.0  # a node that does not come back leaves no queue behind

log = structlog.get_logger()


class Heart(bootsteps.StartStopStep):
    """Runs beside the consumer, in the node's main process."""

    requires = {"celery.worker.components:Pool"}

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self.node = parent.hostname
        self.stopping = threading.Event()

    def start(self, parent: Any) -> None:
        name = own_queue(self.node)
        own = Queue(name, routing_key=name, auto_delete=True, expires=QUEUE_SECONDS)  # type: ignore[no-untyped-call]
        parent.app.amqp.queues.select_add(own)
        threading.Thread(target=self.live, name="heart", daemon=True).start()

    def stop(self, parent: Any) -> None:
        self.stopping.set()

    def live(self) -> None:
        ear, frozen = Ear(self.node), set[int]()
        while not ear.deaf():
            wakeups.send_task("heartbeat", own_queue(self.node), node=self.node, beat=str(time.time()))
            if self.stopping.wait(BEAT_SECONDS):
                return
            frozen = thaw(frozen)
        log.error("node_is_deaf", node=self.node)
        os.kill(os.getpid(), signal.SIGTERM)
        if not self.stopping.wait(LAST_SECONDS):
            os._exit(1)  # it waits for what never comes


class Ear:
    """Knows since when a node has heard nothing, and since when it has had nothing else to do."""

    def __init__(self, node: str) -> None:
        self.node = node
        self.last: str | None = None
        self.heard_at = self.busy_at = time.monotonic()

    def deaf(self) -> bool:
        now = time.monotonic()
        if self._hears():
            self.heard_at = now
        if state.reserved_requests:
            self.busy_at = now
        return now - max(self.heard_at, self.busy_at) > DEAF_SECONDS or now - self.heard_at > BUSY_SECONDS

    def _hears(self) -> bool:
        try:
            beat = broker.last_beat(self.node)
        except (RedisError, OSError):
            return True  # nobody can be heard while the broker is away
        new, self.last = beat is not None and beat != self.last, beat or self.last
        return new


def own_queue(node: str) -> str:
    return f"node.{node}"


def thaw(before: set[int]) -> set[int]:
    """Ends children that are stopped and were so at the last look; returns those that are stopped now."""
    now = {child.pid for child in psutil.Process().children() if _stopped(child)}
    for pid in now & before:
        log.error("process_stands_still", pid=pid)
        os.kill(pid, signal.SIGKILL)
    return now


def _stopped(process: psutil.Process) -> bool:
    try:
        return bool(process.status() == psutil.STATUS_STOPPED)
    except psutil.NoSuchProcess:
        return False
