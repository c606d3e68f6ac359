"""Waiting for a job: Redis tells that something changed, the database says what."""

import time
from collections.abc import Callable
from threading import BoundedSemaphore
from typing import Any, TypeVar

import structlog
from redis.exceptions import RedisError

from producer.broker import client

T = TypeVar("T")

MOST_WAITERS = 40  # a process: well under its threads, so that redirects always find one
LOOK_AGAIN_SECONDS = 1.0
LEAST_GAP_SECONDS = 0.25
SILENT_GAP_SECONDS = 0.05
SIGNAL_SECONDS = 60

log = structlog.get_logger()
places = BoundedSemaphore(MOST_WAITERS)


def tell_ended(job_id: int) -> None:
    """Wakes whoever waits for the end, now or within the next minute."""
    _quietly(lambda: _push(_end(job_id)))


def tell_progress(job_id: int) -> None:
    _quietly(lambda: client().publish(_progress(job_id), 1))


def until_ended(job_id: int, seconds: float, look: Callable[[], T], ended: Callable[[T], bool]) -> T:
    """Looks at a job until it has ended or the time is up."""
    with Place() as place:
        return watch(job_id, seconds * place.granted, look, ended)


def watch(job_id: int, seconds: float, look: Callable[[], T], ended: Callable[[T], bool]) -> T:
    """The same, for whoever has a place already."""
    until, told = time.monotonic() + seconds, False
    while True:
        seen = look()
        left = until - time.monotonic()
        if ended(seen) or left <= 0:
            if told:
                tell_ended(job_id)  # for the others that wait
            return seen
        told = _told(job_id, min(LOOK_AGAIN_SECONDS, left))


def until_true(seconds: float, look: Callable[[], bool]) -> None:
    """Looks at something of which no signal tells, for so long at most."""
    until = time.monotonic() + seconds
    while not look() and time.monotonic() < until:
        time.sleep(SILENT_GAP_SECONDS)


def until_changed(job_id: int, seconds: float, look: Callable[[], T], changed: Callable[[T], bool]) -> T:
    """Looks at a job until it differs from what the caller knows or the time is up."""
    with Place() as place, _signals() as signals:
        until = time.monotonic() + seconds * place.granted
        _quietly(lambda: signals.subscribe(_progress(job_id)))
        while True:
            seen, looked = look(), time.monotonic()
            if changed(seen) or looked >= until:
                return seen
            _quietly(lambda: signals.get_message(timeout=min(LOOK_AGAIN_SECONDS, until - looked)))  # noqa: B023
            time.sleep(max(0.0, min(until, looked + LEAST_GAP_SECONDS) - time.monotonic()))


class Place:
    """One of the places for waiters; without one the caller gets its answer at once."""

    granted = False

    def __enter__(self) -> "Place":
        self.granted = places.acquire(blocking=False)
        return self

    def __exit__(self, *_: object) -> None:
        if self.granted:
            places.release()


def _told(job_id: int, seconds: float) -> bool:
    """Sleeps until somebody tells of the end. It may be that of an earlier run: the caller looks again anyway."""
    return bool(_quietly(lambda: client().blpop([_end(job_id)], timeout=seconds), LEAST_GAP_SECONDS))


def _signals() -> Any:
    return client().pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]


def _push(name: str) -> None:
    pipeline = client().pipeline()
    pipeline.lpush(name, 1)
    pipeline.expire(name, SIGNAL_SECONDS)
    pipeline.execute()


def _quietly(call: Callable[[], object], pause: float = 0.0) -> object:
    """Without Redis there is no signal; whoever waits for one looks at the database a little later instead."""
    try:
        return call()
    except (RedisError, OSError) as error:
        log.warning("signals_away", reason=str(error))
        time.sleep(pause)
        return None


def _end(job_id: int) -> str:
    return f"linkmill:end:{job_id}"


def _progress(job_id: int) -> str:
    return f"linkmill:progress:{job_id}"
