"""A node's heartbeat: the node sends itself a task, and ends itself when none comes back while the broker answers.

Nodes have been seen alive but no longer consuming after a broker came back. The runner starts the node again.
It also ends a process of the pool that stands still: that may hold a lock which all others wait for. A heartbeat task
looks whether the database answers, and the node pauses while it does not.
"""

import os
import signal
import threading
import time
from typing import Any

import psutil
import structlog
from celery import bootsteps
from kombu.entity import Queue
from redis.exceptions import RedisError

from producer.signals import broker, wakeups
from producer.signals.broker import Beat
from workers import celery_internals
from workers.node_pause import pause

BEAT_SECONDS = 3.0
PAUSED_BEAT_SECONDS = 1.0
BEAT_EXPIRES = 10.0  # those that wait behind slow tasks are not needed; the clock is that of one machine
SILENCE_SECONDS = 12.0
BUSY_SECONDS = 330.0  # longer than any task may run
SHUTDOWN_SECONDS = 10.0  # for a gentle end
QUEUE_SECONDS = 600.0  # a node that does not come back leaves no queue behind

log = structlog.get_logger()


class Heartbeat(bootsteps.StartStopStep):
    """Runs beside the consumer, in the node's main process."""

    requires = {"celery.worker.components:Pool"}

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self.node = parent.hostname
        self.stopping = threading.Event()

    def start(self, parent: Any) -> None:
        name = queue_of_node(self.node)
        queue = Queue(name, routing_key=name, auto_delete=True, expires=QUEUE_SECONDS)  # type: ignore[no-untyped-call]
        parent.app.amqp.queues.select_add(queue)
        pause.watch(parent, name)
        threading.Thread(target=self.run, name="heartbeat", daemon=True).start()

    def stop(self, parent: Any) -> None:
        self.stopping.set()

    def run(self) -> None:
        listener = Listener(self.node)
        stopped_pids: set[int] = set()
        while not listener.is_silent():
            follow(listener.last_beat)
            beat = str(time.monotonic())
            queue = queue_of_node(self.node)
            if not wakeups.send_task("heartbeat", queue, expires=BEAT_EXPIRES, node=self.node, beat=beat):
                listener.received_at = time.monotonic()  # no heartbeat can arrive while the broker is away
            if self.stopping.wait(BEAT_SECONDS if pause.since is None else PAUSED_BEAT_SECONDS):
                return
            stopped_pids = kill_stopped_children(stopped_pids)
        log.error("node_is_deaf", node=self.node)
        os.kill(os.getpid(), signal.SIGTERM)
        if not self.stopping.wait(SHUTDOWN_SECONDS):
            os._exit(1)  # the gentle end waits for tasks that never come


class Listener:
    """Remembers since when a node has received no heartbeat, and since when it has had nothing else to do."""

    def __init__(self, node: str) -> None:
        self.node = node
        self.last_beat: Beat | None = None
        self.started_at = time.monotonic()
        self.received_at = self.started_at
        self.busy_at = self.received_at

    def is_silent(self) -> bool:
        """Whether the node should have received its own heartbeat by now."""
        now = time.monotonic()
        if self._has_new_beat():
            self.received_at = now
        if celery_internals.is_node_busy():
            self.busy_at = now
        silence = now - self.received_at
        return now - max(self.received_at, self.busy_at) > SILENCE_SECONDS or silence > BUSY_SECONDS

    def _has_new_beat(self) -> bool:
        try:
            beat = broker.last_beat(self.node)
        except (RedisError, OSError):
            return True  # no heartbeat can arrive while the broker is away
        # That of an earlier process of this name is not its own.
        if beat is None or beat == self.last_beat or float(beat.sent_at) < self.started_at:
            return False
        self.last_beat = beat
        return True


def follow(beat: Beat | None) -> None:
    """Pause a node whose processes cannot reach the database, and resume it when they can."""
    if beat is None:
        return
    if beat.can_work:
        pause.end_after(float(beat.sent_at))
    else:
        pause.begin()


def queue_of_node(node: str) -> str:
    return f"node.{node}"


def kill_stopped_children(previous_pids: set[int]) -> set[int]:
    """Kill children that are stopped and were so at the last call; return those that are stopped now."""
    pids = {child.pid for child in psutil.Process().children() if _is_stopped(child)}
    for pid in pids & previous_pids:
        log.error("process_stands_still", pid=pid)
        os.kill(pid, signal.SIGKILL)
    return pids


def _is_stopped(process: psutil.Process) -> bool:
    try:
        return bool(process.status() == psutil.STATUS_STOPPED)
    except psutil.NoSuchProcess:
        return False
