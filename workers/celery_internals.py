"""The one place of workers that reaches into Celery's private parts.

Check this file when you upgrade Celery; tests/workers/test_celery_internals.py names the version it fits.
"""

import logging
import time
from collections.abc import Callable
from functools import partial
from json import JSONDecodeError
from queue import Empty
from typing import Any

from celery.worker import state
from celery.worker.consumer import Consumer
from kombu.transport import redis

FLUSH_SECONDS = 0.1
RECONNECT_SECONDS = 1.0
AMQP_HEARTBEAT_SECONDS = 10
AMQP_TIMEOUTS = {"connect_timeout": 5, "read_timeout": 5}  # those who only send wait less
SHAPE_ERRORS = (AttributeError, LookupError, TypeError, JSONDecodeError, UnicodeDecodeError)
"""What is raised while a malformed message is read."""

log = logging.getLogger(__name__)


class SafeConsumer(Consumer):
    """A node's consumer that survives malformed messages, and sends the node's events ten times a second.

    Celery's own consumer ends with an error when the body of a message is a list of another length than three. The
    message then goes back to its queue and ends the next node. It also sends every event at once, which is work for
    all listeners; Flower shows events a tenth of a second later. After an outage it connects again within a second:
    Celery's own waits longer after each attempt.
    """

    next_flush = 0.0

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        if self.hub:
            self.amqheartbeat = AMQP_HEARTBEAT_SECONDS

    def ensure_connected(self, conn: Any) -> Any:
        if "read_timeout" in conn.transport_options:
            conn.transport_options = {**conn.transport_options, **AMQP_TIMEOUTS}
        conn.ensure_connection = partial(
            conn.ensure_connection, interval_start=RECONNECT_SECONDS, interval_step=0, interval_max=RECONNECT_SECONDS
        )
        return super().ensure_connected(conn)

    def create_task_handler(self, *arguments: Any) -> Callable[[Any], None]:
        handle = super().create_task_handler(*arguments)

        def handle_any(message: Any) -> None:
            try:
                handle(message)
            except (*SHAPE_ERRORS, ValueError) as error:
                self.on_decode_error(message, error)

        return handle_any

    def on_send_event_buffered(self) -> None:
        # By the clock, not by whether a timer runs: a lost timer would silence the node.
        now = time.monotonic()
        if self.hub and now >= self.next_flush:
            self.next_flush = now + FLUSH_SECONDS
            self.hub.call_later(FLUSH_SECONDS, self._flush_events)

    def stop(self) -> None:
        self._flush_events()
        super().stop()


class SafeChannel(redis.Channel):
    """Drops entries of a queue that cannot be read as messages."""

    def _brpop_read(self, **options: Any) -> Any:
        try:
            return super()._brpop_read(**options)  # type: ignore[no-untyped-call]
        except SHAPE_ERRORS as error:
            log.error("unreadable message dropped: %s", type(error).__name__)
            raise Empty from error


redis.Transport.Channel = SafeChannel


def is_node_busy() -> bool:
    """Whether this node has tasks that it received and has not finished."""
    return bool(state.reserved_requests)
