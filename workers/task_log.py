"""What a task logs: its request and job in every line, and of an error no more than anyone may read."""

from typing import Any

import structlog
from celery import Task
from sqlalchemy.exc import DBAPIError

from models import store
from producer.telemetry import logs, tracing
from workers.node_pause import DatabaseAway

log = structlog.get_logger()


class TaskFailed(Exception):
    """What Celery, its events and Flower show of an error."""


class LoggedTask(Task):
    """A task that logs its errors itself: Celery would show them with the rows that a database quotes in them."""

    Request = "workers.node_pause:NodeRequest"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        context = {"task": self.name, "task_id": str(self.request.id)}
        if kwargs.get("job"):
            context["job"] = kwargs["job"]
        if self.request.get(logs.REQUEST_ID):
            context[logs.REQUEST_ID] = self.request.get(logs.REQUEST_ID)
        logs.bind_context(**context)
        headers = {name: self.request.get(name) for name in tracing.HEADER_NAMES}
        carrier = {name: value for name, value in headers.items() if value}
        try:
            with tracing.span(f"task {self.name}", carrier):
                return self.run(*args, **kwargs)
        except Exception as error:
            log.error("task_failed", exc_info=error)
            description = logs.describe_error(error)
            if isinstance(error, DBAPIError) and not store.answers():
                raise DatabaseAway(description) from None
            raise TaskFailed(description) from None


def name_shard(job_id: int, first_index: int, hinted_job: int) -> None:
    """Log the job and shard from now on. For another job than the hinted one, drop the request's id: it is not its."""
    context = logs.context()
    if job_id != hinted_job:
        context.pop(logs.REQUEST_ID, None)
    logs.bind_context(**context | {"job": str(job_id), "shard": str(first_index)})
