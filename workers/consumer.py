"""What a node tells of its tasks, told ten times a second: each telling is a message, and work."""

from typing import Any

from celery.worker.consumer import Consumer

TELL_SECONDS = 0.1


class Teller(Consumer):
    """Celery's own, which would tell of everything at once. Flower shows it a tenth of a second later."""

    telling = False

    def on_send_event_buffered(self) -> None:
        if self.hub and not self.telling:
            self.telling = True
            self.hub.call_later(TELL_SECONDS, self._tell)

    def stop(self) -> None:
        self._flush_events()
        super().stop()

    def _tell(self, *_: Any) -> None:
        self.telling = False
        self._flush_events()
