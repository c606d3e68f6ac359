"""Waiting for a job: Redis tells that something changed, the database says what."""

import math
import time
from collections.abc import Callable
from functools import partial
from threading import BoundedSemaphore
from typing import Any, TypeVar

import structlog
from redis.exceptions import RedisError

from producer.signals import counters
from producer.signals.broker import client

T = TypeVar("T")

MOST_WAITERS = 40  # a process: with the streams well under its threads, so that redirects always find one
MOST_STREAMS = 200  # the same, of its own: who watches takes no place from who waits for his links
LOOK_AGAIN_SECONDS = 1.0
LEAST_GAP_SECONDS = 0.46  # with one event at once, never more than 4 in any second; two hundred watchers notice each
ENDED, PROGRESS = "ended", "progress"
SILENT_GAP_SECONDS = 0.05
UNTOLD_GAP_SECONDS = 0.25
SIGNAL_SECONDS = 60

log = structlog.get_logger()
places = BoundedSemaphore(MOST_WAITERS)
streams = BoundedSemaphore(MOST_STREAMS)


def tell_ended(job_id: int, counted: str = "") -> None:
    """Wakes whoever waits for the end, now or within the next minute; and counts it, if it is a new one."""
    _quietly(lambda: _push(job_id, counted))


def tell_progress(job_id: int) -> None:
    _quietly(lambda: client().publish(_progress(job_id), PROGRESS))


def until_ended(
    job_id: int, seconds: float, look: Callable[[], T], ended: Callable[[T], bool], alone: bool = False
) -> T:
    """Looks at a job until it has ended or the time is up."""
    with Place() as place:
        return watch(job_id, seconds * place.granted, look, ended, alone)


def watch(job_id: int, seconds: float, look: Callable[[], T], ended: Callable[[T], bool], alone: bool = False) -> T:
    """The same, for whoever has a place already.

    Who has just made the job and told nobody of it is alone: it cannot have ended yet, and nobody else waits.
    """
    until = time.monotonic() + seconds
    told = alone and seconds > 0 and _told(job_id, min(LOOK_AGAIN_SECONDS, seconds))
    while True:
        seen = look()
        left = until - time.monotonic()
        if ended(seen) or left <= 0:
            if told and not alone:
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
    with Place() as place, Signals(job_id) as signals:
        until = time.monotonic() + seconds * place.granted
        while True:
            looked = time.monotonic()
            seen = look()
            if changed(seen) or looked >= until:
                return seen
            signals.next(looked, until)


class Signals:
    """What is told of a job from now on."""

    def __init__(self, job_id: int) -> None:
        self.name = _progress(job_id)
        self.heard: Any = client().pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]

    def __enter__(self) -> "Signals":
        _quietly(lambda: self.heard.subscribe(self.name))
        return self

    def __exit__(self, *_: object) -> None:
        _quietly(self.heard.close)

    def next(self, looked: float, until: float = math.inf) -> None:
        """Sleeps until it is time to look again: at once at the end, not too often at a shard's, or when untold."""
        gap = LOOK_AGAIN_SECONDS
        while (left := min(until, looked + gap) - time.monotonic()) > 0:
            told = _quietly(partial(self._read, left), left)
            if told == ENDED:
                return
            gap = LEAST_GAP_SECONDS if told else gap

    def _read(self, seconds: float) -> object:
        if not self.heard.subscribed:  # there was no Redis when it should have been
            self.heard.subscribe(self.name)
        message = self.heard.get_message(timeout=seconds)
        return message and message["data"]


class Place:
    """One of the places for waiters; without one the caller gets its answer at once."""

    def __init__(self, among: BoundedSemaphore = places) -> None:
        self.among = among
        self.granted = False

    def __enter__(self) -> "Place":
        self.granted = self.among.acquire(blocking=False)
        return self

    def __exit__(self, *_: object) -> None:
        if self.granted:
            self.among.release()


def _told(job_id: int, seconds: float) -> bool:
    """Sleeps until somebody tells of the end. It may be that of an earlier run: the caller looks again anyway."""
    return bool(_quietly(lambda: client().blpop([_end(job_id)], timeout=seconds), UNTOLD_GAP_SECONDS))


def _push(job_id: int, counted: str) -> None:
    pipeline = client().pipeline()
    pipeline.lpush(_end(job_id), 1)
    pipeline.expire(_end(job_id), SIGNAL_SECONDS)
    pipeline.publish(_progress(job_id), ENDED)
    if counted:
        pipeline.hincrby(counters.HASH, counted, 1)
    pipeline.execute()


def _quietly(call: Callable[[], object], pause: float = 0.0) -> object:
    """Without Redis there is no signal; whoever waits for one looks at the database a little later instead."""
    try:
        return call()
    except (RedisError, OSError) as error:
        log.warning("signals_away", reason=error)
        time.sleep(pause)
        return None


def _end(job_id: int) -> str:
    return f"linkmill:end:{job_id}"


def _progress(job_id: int) -> str:
    return f"linkmill:progress:{job_id}"
