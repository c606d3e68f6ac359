"""The one place of workers that reaches into Celery's private parts.

Check this file when you upgrade Celery; tests/workers/test_celery_internals.py names the version it fits.
"""

import time

from celery.worker import state
from celery.worker.consumer import Consumer

FLUSH_SECONDS = 0.1


class BatchingConsumer(Consumer):
    """Sends the events of a node ten times a second: each message is work for all who listen.

    Celery's own consumer sends every event at once. Flower shows events a tenth of a second later.
    """

    next_flush = 0.0

    def on_send_event_buffered(self) -> None:
        # By the clock, not by whether a timer runs: a lost timer would silence the node.
        now = time.monotonic()
        if self.hub and now >= self.next_flush:
            self.next_flush = now + FLUSH_SECONDS
            self.hub.call_later(FLUSH_SECONDS, self._flush_events)

    def stop(self) -> None:
        self._flush_events()
        super().stop()


def is_node_busy() -> bool:
    """Whether this node has tasks that it received and has not finished."""
    return bool(state.reserved_requests)
