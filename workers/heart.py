"""A node's heart: it sends itself a task, and ends itself when it no longer hears any while the broker answers.

Nodes have been seen alive and deaf after a broker came back; whoever runs the Procfile starts the node again.
"""

import os
import signal
import threading
import time
from typing import Any

import structlog
from celery import bootsteps
from celery.worker import state
from redis.exceptions import RedisError

from producer import broker, queue

BEAT_SECONDS = 3.0
DEAF_SECONDS = 12.0
BUSY_SECONDS = 330.0  # longer than any task may run

log = structlog.get_logger()


class Heart(bootsteps.StartStopStep):
    """Runs beside the consumer, in the node's main process."""

    requires = {"celery.worker.components:Pool"}

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self.node = parent.hostname
        self.stopping = threading.Event()

    def start(self, parent: Any) -> None:
        parent.app.amqp.queues.select_add(own_queue(self.node), durable=False, auto_delete=True)
        threading.Thread(target=self.beat, name="heart", daemon=True).start()

    def stop(self, parent: Any) -> None:
        self.stopping.set()

    def beat(self) -> None:
        heard_at = time.monotonic()
        while not self.stopping.wait(BEAT_SECONDS):
            queue.send("heartbeat", own_queue(self.node), node=self.node)
            try:
                answered = broker.beats(self.node)
            except (RedisError, OSError):
                heard_at = time.monotonic()  # nobody can be heard while the broker is away
                continue
            limit = BUSY_SECONDS if state.reserved_requests else DEAF_SECONDS
            heard_at = time.monotonic() if answered else heard_at
            if time.monotonic() - heard_at > limit:
                log.error("node_is_deaf", node=self.node)
                os.kill(os.getpid(), signal.SIGTERM)
                return


def own_queue(node: str) -> str:
    return f"node.{node}"
