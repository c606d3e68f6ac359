"""How a task tells of itself: lines with its request and job, and of an error no more than anybody may read."""

from typing import Any

import structlog
from celery import Task

from producer.telemetry import logs, tracing

log = structlog.get_logger()


class TaskFailed(Exception):
    """What Celery, its events and Flower get to know of an error."""


class Told(Task):
    """Celery would show an error as it is, with the rows that a database quotes in it."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        given = {"job": kwargs.get("job"), logs.REQUEST_ID: self.request.get(logs.REQUEST_ID)}
        logs.begin(task=self.name, task_id=str(self.request.id), **{k: v for k, v in given.items() if v})
        carried = {name: found for name in tracing.CARRIED if (found := self.request.get(name))}
        try:
            with tracing.span(f"task {self.name}", carried):
                return self.run(*args, **kwargs)
        except Exception as error:
            log.error("task_failed", exc_info=error)
            raise TaskFailed(logs.reason(error)) from None


def name_shard(job_id: int, first_index: int, hinted_job: int) -> None:
    """Log the job and shard from now on. For another job than the hinted one, drop the request's id: it is not its."""
    context = logs.context()
    if job_id != hinted_job:
        context.pop(logs.REQUEST_ID, None)
    logs.begin(**context | {"job": str(job_id), "shard": str(first_index)})
