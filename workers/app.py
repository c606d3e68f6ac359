"""The Celery application that worker nodes, beat and Flower load."""

import gc
import logging
import os
from typing import Any

from celery.signals import setup_logging, worker_init, worker_process_init, worker_process_shutdown, worker_shutdown

from models import store
from producer.signals import celery_events, counters, wakeups
from producer.telemetry import logs, tracing
from workers.heartbeat import Heart
from workers.task_log import Told

GIVE_WAY = 10  # how nice those who work on large jobs are to everybody else
ROUTINE = tuple(f"Task {name}[" for name in celery_events.ROUTINE_TASKS)


class NothingNew(logging.Filter):
    """Heartbeats, sweeps and clicks come every few seconds: only what goes wrong with them is worth a line."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno > logging.INFO or not record.getMessage().startswith(ROUTINE)


logging.getLogger("celery.app.trace").addFilter(NothingNew())
logging.getLogger("celery.worker.strategy").setLevel(logging.WARNING)  # that a task has come is told when it is done

app = wakeups.app()
app.Task = Told
app.conf.include = ["workers.tasks"]
app.steps["worker"].add(Heart)


@worker_process_init.connect
def begin(**_: Any) -> None:
    """A child of the pool: connections of its own, and no collector walking over millions of short-lived cells."""
    if wakeups.BULK in app.amqp.queues.consume_from:
        os.nice(GIVE_WAY)
    store.dispose()
    gc.collect()
    gc.freeze()
    gc.disable()


@worker_init.connect
def count(**_: Any) -> None:
    counters.enable_flushing()


@worker_process_shutdown.connect
@worker_shutdown.connect
def hand_over(**_: Any) -> None:
    counters.flush()
    tracing.flush()


@setup_logging.connect
def log_as_we_do(loglevel: int | str = logging.INFO, **_: Any) -> None:
    logs.take_over(loglevel)
