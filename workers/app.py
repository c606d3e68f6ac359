"""The Celery application that worker nodes, beat and Flower load."""

import gc
import logging
from typing import Any

from celery.signals import worker_process_init

from models import store
from producer.queue import app as make_app
from workers.heart import Heart

ROUTINE = ("Task heartbeat[", "Task sweep[", "Task clicks[")


class NothingNew(logging.Filter):
    """Heartbeats, sweeps and clicks come every few seconds: only what goes wrong with them is worth a line."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno > logging.INFO or not record.getMessage().startswith(ROUTINE)


for name in ("celery.worker.strategy", "celery.app.trace"):
    logging.getLogger(name).addFilter(NothingNew())

app = make_app()
app.conf.include = ["workers.tasks"]
app.steps["worker"].add(Heart)


@worker_process_init.connect
def begin(**_: Any) -> None:
    """A child of the pool: connections of its own, and no collector walking over millions of short-lived cells."""
    store.dispose()
    gc.collect()
    gc.freeze()
    gc.disable()
