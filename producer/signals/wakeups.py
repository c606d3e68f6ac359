"""The only place that names a task. A message is a wake-up: to lose one or to get it twice costs nothing."""

from collections.abc import Iterable
from functools import cache
from typing import Any, NamedTuple

import structlog
from celery import Celery
from celery.app.amqp import AMQP
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from models import process_caches, settings
from producer.telemetry import logs, tracing

BULK, INTERACTIVE = "bulk", "interactive"
DELIVER, TITLES, SWEEP = "deliver", "titles", "sweep"
NAMES = (BULK, INTERACTIVE, DELIVER, TITLES, SWEEP)
ROUTINE = ("heartbeat", "sweep", "clicks")  # they come every few seconds: Flower is not told, nor the log of a success
INTERACTIVE_ROWS = 1000
WAKE_UPS_A_WORKER = 2

log = structlog.get_logger()


class Wake(NamedTuple):
    """Somebody should look for work; the shard is the one that is likeliest to be found."""

    kind: str
    queue: str
    job_id: int
    first_index: int
    rows: int


class Messages(AMQP):
    """Celery's own, that tell of a task when it is sent; but not of routine."""

    def as_task_v2(self, task_id: str, name: str, *args: Any, **options: Any) -> Any:
        message = super().as_task_v2(task_id, name, *args, **options)
        return message._replace(sent_event=None) if name in ROUTINE else message


@process_caches.function
@cache
def app() -> Celery:
    made = Celery("linkmill", amqp=Messages)
    made.config_from_object("celeryconfig")
    return made


def queue_for(rows: int) -> str:
    return INTERACTIVE if rows <= INTERACTIVE_ROWS else BULK


def wake(due: Iterable[Any]) -> None:
    """Wakes a worker for each shard. Without a broker nobody is woken, and the sweep does it later."""
    for shard in due:
        if not send(shard.kind, shard.queue, job=str(shard.job_id), shard=shard.first_index, rows=shard.rows):
            break  # each further one would wait for the same silence


def room() -> int:
    return WAKE_UPS_A_WORKER * settings.get().workers


def send(task: str, queue: str, expires: float | None = None, **arguments: Any) -> bool:
    """Sends a task; False when the broker is away."""
    try:
        told = tracing.carrier() | {name: value for name, value in logs.context().items() if name == logs.REQUEST_ID}
        options = {"retry": False, "ignore_result": True, "expires": expires, "headers": told}
        app().send_task(task, kwargs=arguments, queue=queue, **options)
    except (OperationalError, RedisError, OSError) as error:
        log.warning("broker_away", task=task, reason=error)
        return False
    return True
