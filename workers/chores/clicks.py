"""Clicks: writes the batches that web processes hand over into the database, each once."""

import time
from datetime import UTC, datetime
from typing import Any

import msgspec
import structlog
from redis.exceptions import RedisError

from models import store
from models.clicks import click_counts
from producer.signals.counters import CLICKS
from producer.unit_of_work import unit_of_work
from producer.visits import click_buffer

BUFFERED_SECONDS = 2.0  # by then web processes have handed a click over
BATCH_MEMORY_SECONDS = 3600.0  # how long a batch that comes again is recognised

log = structlog.get_logger()


def write_next() -> dict[str, Any]:
    """Write the oldest batch. It leaves the broker once it is committed, and not before."""
    try:
        payload = click_buffer.oldest_batch()
        if payload is None:
            return {"idle": True}
        write(payload)
        click_buffer.remove_batch(payload)
    except (RedisError, OSError) as error:
        log.warning("clicks_not_read", reason=error)
        return {"idle": True}
    return {"idle": False}


def drain() -> None:
    """Write every batch that waits."""
    while not write_next()["idle"]:
        pass


def drain_earlier(moment: datetime) -> None:
    """Write every click that came before a moment."""
    age = (datetime.now(UTC) - moment).total_seconds()
    time.sleep(max(0.0, BUFFERED_SECONDS - age))
    drain()


def write(payload: str) -> None:
    """Write a batch, unless it was written before."""
    try:
        batch, rows = click_buffer.decode_batch(payload)
    except (msgspec.DecodeError, ValueError) as error:
        log.error("clicks_unreadable", reason=error, beginning=payload[:100])
        return
    with unit_of_work() as unit:
        if click_counts.record_batch(unit.db, batch):
            click_counts.add(unit.db, rows)
            unit.count(CLICKS, times=sum(row.times for row in rows))


def has_batch() -> bool:
    try:
        return click_buffer.oldest_batch() is not None
    except (RedisError, OSError):
        return False


def remove_old_batches(patience: float) -> None:
    """Forget batches that cannot come again. Reads first: a lock that is not needed holds others up."""
    with store.read() as db:
        if not click_counts.has_old_batches(db, BATCH_MEMORY_SECONDS):
            return
    with store.write(patience) as db:
        click_counts.remove_old_batches(db, BATCH_MEMORY_SECONDS)
