"""What a node tells of its tasks, told ten times a second: each telling is a message, and work for whoever listens."""

import time

from celery.worker.consumer import Consumer

TELL_SECONDS = 0.1


class Teller(Consumer):
    """Celery's own, which would tell of everything at once. Flower shows it a tenth of a second later."""

    next_telling = 0.0

    def on_send_event_buffered(self) -> None:
        """By the clock, and not by whether a timer runs: one that is lost silences nobody."""
        now = time.monotonic()
        if self.hub and now >= self.next_telling:
            self.next_telling = now + TELL_SECONDS
            self.hub.call_later(TELL_SECONDS, self._flush_events)

    def stop(self) -> None:
        self._flush_events()
        super().stop()
