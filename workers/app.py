"""The Celery application that worker nodes, beat and Flower load."""

import ctypes
import gc
import logging
import os
from typing import Any

from celery.signals import (
    beat_init,
    setup_logging,
    worker_init,
    worker_process_init,
    worker_process_shutdown,
    worker_shutdown,
)

from models import store
from producer.signals import celery_app, celery_events, counters, wakeups
from producer.telemetry import logs, tracing
from workers.heartbeat import Heartbeat
from workers.task_log import LoggedTask

BULK_NICENESS = 10  # workers on large jobs leave the processor to all others
TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3  # as malloc.h of glibc calls them: M_TRIM_THRESHOLD and M_MMAP_THRESHOLD
MOST_KEPT = 256 << 20  # bytes at the end of the heap
LARGEST_KEPT = 32 << 20  # bytes of one block
ROUTINE_PREFIXES = tuple(f"Task {name}[" for name in celery_events.ROUTINE_TASKS)


class RoutineFilter(logging.Filter):
    """Drops the lines about tasks that run every few seconds, unless something goes wrong with them."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno > logging.INFO or not record.getMessage().startswith(ROUTINE_PREFIXES)


logging.getLogger("celery.app.trace").addFilter(RoutineFilter())
logging.getLogger("celery.worker.strategy").setLevel(logging.WARNING)  # a task is logged when it is done

app = celery_app.app()
app.Task = LoggedTask
app.conf.include = ["workers.tasks"]
app.steps["worker"].add(Heartbeat)


@worker_process_init.connect
def prepare_child(**_: Any) -> None:
    """Give a child of the pool its own connections, and switch off the collector: it would walk millions of cells."""
    if wakeups.BULK in app.amqp.queues.consume_from:
        os.nice(BULK_NICENESS)
        keep_memory()
    store.dispose()
    gc.collect()
    gc.freeze()
    gc.disable()


def keep_memory() -> None:
    """Have the C library keep what a shard has freed for the next one, if it is glibc: the system's pages are dear."""
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option:
        set_option(TRIM_THRESHOLD, MOST_KEPT)
        set_option(MMAP_THRESHOLD, LARGEST_KEPT)


@worker_init.connect
@beat_init.connect
def freeze_imports(**_: Any) -> None:
    """Nothing that was imported is garbage; to look at all of it takes a third of a second when the process ends."""
    gc.freeze()


@worker_init.connect
def enable_counters(**_: Any) -> None:
    counters.enable_flushing()


@worker_process_shutdown.connect
@worker_shutdown.connect
def flush(**_: Any) -> None:
    counters.flush()
    tracing.flush()


@setup_logging.connect
def configure_logs(loglevel: int | str = logging.INFO, **_: Any) -> None:
    logs.configure_all(loglevel)
