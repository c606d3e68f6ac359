"""The one place that overrides a private part of Celery: which tasks announce that they were sent.

Check this file when you upgrade Celery; tests/producer/signals/test_celery_events.py names the version it fits.
"""

from typing import Any

from celery.app.amqp import AMQP

# Sent every few seconds: neither Flower nor the log of successful tasks lists them.
ROUTINE_TASKS = ("heartbeat", "sweep", "clicks")


class TaskMessages(AMQP):
    """Messages of tasks, without a `task-sent` event for routine ones."""

    def as_task_v2(self, task_id: str, name: str, *args: Any, **options: Any) -> Any:
        message = super().as_task_v2(task_id, name, *args, **options)
        if name in ROUTINE_TASKS:
            return message._replace(sent_event=None)
        return message
