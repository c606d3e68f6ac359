"""Wake-ups of workers; the only module that names a task. A lost or repeated message costs nothing."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import structlog

from models import settings
from producer.signals import celery_app, queues
from producer.telemetry import logs, tracing

BULK = "bulk"
INTERACTIVE = "interactive"
DELIVER = "deliver"
TITLES = "titles"
SWEEP = "sweep"
QUEUES = (BULK, INTERACTIVE, DELIVER, TITLES, SWEEP)

INTERACTIVE_ROWS = 1000
WAKE_UPS_PER_WORKER = 2

log = structlog.get_logger()


class WakeUp(NamedTuple):
    """A shard that waits for a worker; the worker may claim another one."""

    kind: str
    queue: str
    job_id: int
    first_index: int
    rows: int


def queue_for(rows: int) -> str:
    return INTERACTIVE if rows <= INTERACTIVE_ROWS else BULK


def wake_workers(wake_ups: Iterable[Any]) -> None:
    """Wake a worker for each shard. Without a broker the sweep does it later."""
    for shard in wake_ups:
        is_sent = send_task(shard.kind, shard.queue, job=str(shard.job_id), shard=shard.first_index, rows=shard.rows)
        if not is_sent:
            return  # each further message would wait for the same timeout


def max_wake_ups() -> int:
    """Return how many wake-ups of one job may be under way."""
    return WAKE_UPS_PER_WORKER * settings.get().workers


def send_task(task: str, queue: str, expires: float | None = None, **arguments: Any) -> bool:
    """Send a task; return False when the broker is away."""
    try:
        celery_app.app().send_task(
            task,
            kwargs=arguments,
            queue=queue,
            ignore_result=True,
            expires=expires,
            headers=_headers(),
        )
    except queues.away_errors() as error:
        log.warning("broker_unavailable", task=task, reason=error)
        return False
    return True


def _headers() -> dict[str, str]:
    """Return the trace and the request id that the task's own log lines and spans continue."""
    headers = tracing.propagation_headers()
    request_id = logs.context().get(logs.REQUEST_ID)
    if request_id is not None:
        headers[logs.REQUEST_ID] = request_id
    return headers
