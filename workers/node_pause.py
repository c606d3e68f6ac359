"""A node that cannot reach the database takes no wake-ups until it can: other nodes take them meanwhile."""

import time
from typing import Any

import structlog
from celery.exceptions import Reject
from celery.worker.request import Request

from models import process_caches

log = structlog.get_logger()


class DatabaseAway(Reject):
    """Ends a task whose process cannot reach the database. Its message goes back to the queue."""

    def __init__(self, reason: str = "", requeue: bool = True) -> None:
        super().__init__(reason, requeue)


class NodePause:
    """Whether a node pauses. One that does receives its own heartbeats only."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.since: float | None = None
        self.worker: Any = None
        self.own_queue = ""

    def watch(self, worker: Any, own_queue: str) -> None:
        """Say which node this process is, before it takes its first task."""
        self.worker = worker
        self.own_queue = own_queue

    def begin(self) -> None:
        """Stop taking wake-ups. Again and again does no harm: a new connection to the broker consumes every queue."""
        if self.since is None:
            log.error("node_pauses", node=self.worker.hostname, reason="the database cannot be reached")
        self.since = time.monotonic()
        self.worker.consumer.call_soon(self._cancel)

    def end_after(self, sent_at: float) -> None:
        """Take wake-ups again, if the heartbeat that says so was sent after the last failure."""
        if self.since is None or sent_at < self.since:
            return
        log.info("node_resumes", node=self.worker.hostname)
        self.since = None
        self.worker.consumer.call_soon(self._consume)

    def _cancel(self) -> None:
        consumer = self.worker.consumer.task_consumer
        for name in self._wake_up_queues():
            if consumer.consuming_from(name):
                consumer.cancel_by_queue(name)

    def _consume(self) -> None:
        consumer = self.worker.consumer.task_consumer
        for name, queue in self._wake_up_queues().items():
            if not consumer.consuming_from(name):
                consumer.add_queue(queue)
        consumer.consume()

    def _wake_up_queues(self) -> dict[str, Any]:
        queues = dict(self.worker.app.amqp.queues.consume_from)
        queues.pop(self.own_queue, None)
        return queues


pause = process_caches.container(NodePause())
"""That of the node whose main process this is."""


class NodeRequest(Request):
    """A task in the main process of a node, which learns from it that the database is away."""

    def on_failure(self, exc_info: Any, send_failed_event: bool = True, return_ok: bool = False) -> None:
        error = getattr(exc_info.exception, "exc", exc_info.exception)  # the pool wraps it to keep its traceback
        if isinstance(error, DatabaseAway):
            pause.begin()
        super().on_failure(exc_info, send_failed_event, return_ok)
