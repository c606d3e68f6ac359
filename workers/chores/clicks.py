"""Clicks: from the batches that web hands over into the database, each once."""

from typing import Any

import msgspec
import structlog
from redis.exceptions import RedisError

from models import store
from models.clicks import click_counts
from producer.signals.counters import CLICKS
from producer.unit_of_work import unit_of_work
from producer.visits import click_buffer

KEPT_SECONDS = 3600.0

log = structlog.get_logger()


def write_next() -> dict[str, Any]:
    """Writes the oldest batch. It leaves the broker when it is in the database, and not before."""
    try:
        payload = click_buffer.waiting()
        if payload is None:
            return {"idle": True}
        write(payload)
        click_buffer.done(payload)
    except (RedisError, OSError) as error:
        log.warning("clicks_wait_for_the_broker", reason=error)
        return {"idle": True}
    return {"idle": False}


def drain() -> None:
    """Writes every batch that waits."""
    while not write_next()["idle"]:
        pass


def write(payload: str) -> None:
    try:
        batch, rows = click_buffer.read(payload)
    except (msgspec.DecodeError, ValueError) as error:
        log.error("clicks_unreadable", reason=error, beginning=payload[:100])
        return
    with unit_of_work() as unit:
        if click_counts.record_batch(unit.db, batch):
            click_counts.add(unit.db, rows)
            unit.count(CLICKS, times=sum(row.times for row in rows))


def some_wait() -> bool:
    try:
        return click_buffer.waiting() is not None
    except (RedisError, OSError):
        return False


def forget_batches(patience: float) -> None:
    """Forgets what cannot come again; looks first, for a lock is dear to others."""
    with store.read() as db:
        if not click_counts.has_old_batches(db, KEPT_SECONDS):
            return
    with store.write(patience) as db:
        click_counts.remove_old_batches(db, KEPT_SECONDS)
