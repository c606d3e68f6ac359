"""The Celery application that worker nodes, beat and Flower load."""

import gc
import logging
from typing import Any

from celery.signals import worker_init, worker_process_init, worker_process_shutdown, worker_shutdown

from models import store
from producer import queue
from producer.tally import tally
from workers.heart import Heart

ROUTINE = tuple(f"Task {name}[" for name in queue.ROUTINE)


class NothingNew(logging.Filter):
    """Heartbeats, sweeps and clicks come every few seconds: only what goes wrong with them is worth a line."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno > logging.INFO or not record.getMessage().startswith(ROUTINE)


for name in ("celery.worker.strategy", "celery.app.trace"):
    logging.getLogger(name).addFilter(NothingNew())

app = queue.app()
app.conf.include = ["workers.tasks"]
app.steps["worker"].add(Heart)


@worker_process_init.connect
def begin(**_: Any) -> None:
    """A child of the pool: connections of its own, and no collector walking over millions of short-lived cells."""
    store.dispose()
    gc.collect()
    gc.freeze()
    gc.disable()


@worker_init.connect
def count(**_: Any) -> None:
    tally.arm()


@worker_process_shutdown.connect
@worker_shutdown.connect
def hand_over(**_: Any) -> None:
    tally.flush()
