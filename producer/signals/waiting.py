"""Waiting for a job: Redis signals that something changed, the database says what."""

import math
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol, TypeVar

import structlog
from redis.exceptions import RedisError

from models import process_caches
from producer.signals import broker, counters
from producer.signals.places import Places


class AwaitedJob(Protocol):
    @property
    def has_ended(self) -> bool: ...


J = TypeVar("J", bound=AwaitedJob)

MAX_WAITERS = 60  # per process; with the streams well under its threads, so a redirect always gets one
WAITERS_EACH = 40  # of one workspace: others can still create links while it waits for its jobs
MAX_STREAMS = 200  # counted apart: a watched job takes no slot from a request that waits for its links
STREAMS_EACH = 150
POLL_SECONDS = 1.0
MIN_EVENT_GAP_SECONDS = 0.46  # with one event at once, at most 4 in any second; 200 watchers notice each of them
CONDITION_POLL_SECONDS = 0.05
OUTAGE_PAUSE_SECONDS = 0.25
END_SIGNAL_SECONDS = 60
ENDED = "ended"
PROGRESS = "progress"

log = structlog.get_logger()
wait_slots = process_caches.container(Places(MAX_WAITERS, WAITERS_EACH))
stream_slots = process_caches.container(Places(MAX_STREAMS, STREAMS_EACH))


def announce_end(job_id: int, counter: str = "") -> None:
    """Signal a job's end to everyone who waits for it now or within the next minute, and increment a counter."""
    _try(partial(_push_end, job_id, counter))


def announce_progress(job_id: int) -> None:
    """Signal that a job has changed."""
    _try(lambda: broker.client().publish(_progress_channel(job_id), PROGRESS))


def wait_in_slot(
    workspace_id: int, job_id: int, timeout: float, read_job: Callable[[], J], only_waiter: bool = False
) -> J:
    """Take a slot of a workspace and wait for a job's end; read the job once when no slot is free."""
    with Slot(workspace_id) as slot:
        if not slot.acquired:
            return read_job()
        return wait_for_end(job_id, timeout, read_job, only_waiter)


def wait_for_end(job_id: int, timeout: float, read_job: Callable[[], J], only_waiter: bool = False) -> J:
    """Poll a job until it has ended or the timeout is over; return it as last read.

    `only_waiter`: no other client knows this job yet. It cannot have ended, so wait before the first read, and do not
    pass the signal on.
    """
    deadline = time.monotonic() + timeout
    signalled = False
    if only_waiter and timeout > 0:
        signalled = _wait_for_signal(job_id, min(POLL_SECONDS, timeout))
    while True:
        job = read_job()
        remaining = deadline - time.monotonic()
        if job.has_ended or remaining <= 0:
            if signalled and not only_waiter:
                announce_end(job_id)  # our BLPOP took the message that others wait for
            return job
        signalled = _wait_for_signal(job_id, min(POLL_SECONDS, remaining))


def wait_for_change(
    workspace_id: int, job_id: int, timeout: float, read_job: Callable[[], J], has_changed: Callable[[J], bool]
) -> J:
    """Read a job until it has changed or the timeout is over; return it as last read."""
    with Slot(workspace_id) as slot, ProgressSubscription(job_id) as subscription:
        deadline = time.monotonic()
        if slot.acquired:
            deadline += timeout
        while True:
            read_at = time.monotonic()
            job = read_job()
            if has_changed(job) or read_at >= deadline:
                return job
            subscription.wait(read_at, deadline)


def poll_until(timeout: float, condition: Callable[[], bool]) -> None:
    """Poll a condition that no signal announces, until it is true or the timeout is over."""
    deadline = time.monotonic() + timeout
    while not condition() and time.monotonic() < deadline:
        time.sleep(CONDITION_POLL_SECONDS)


class ProgressSubscription:
    """The signals of a job that are published from now on."""

    def __init__(self, job_id: int) -> None:
        self.channel = _progress_channel(job_id)
        self.pubsub: Any = broker.client().pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]

    def __enter__(self) -> "ProgressSubscription":
        _try(lambda: self.pubsub.subscribe(self.channel))
        return self

    def __exit__(self, *_: object) -> None:
        _try(self.pubsub.close)

    def wait(self, read_at: float, deadline: float = math.inf) -> None:
        """Wait until the job should be read again: at its end at once, after progress soon, else after a second."""
        gap = POLL_SECONDS
        while (remaining := min(deadline, read_at + gap) - time.monotonic()) > 0:
            signal = _try(partial(self._next_signal, remaining), pause=remaining)
            if signal == ENDED:
                return
            if signal:
                gap = MIN_EVENT_GAP_SECONDS

    def _next_signal(self, timeout: float) -> object:
        if not self.pubsub.subscribed:  # the broker was away when the subscription began
            self.pubsub.subscribe(self.channel)
        message = self.pubsub.get_message(timeout=timeout)
        return message and message["data"]


class Slot:
    """One of a bounded number of slots for requests that wait; a request without one is answered at once."""

    def __init__(self, workspace_id: int, slots: Places = wait_slots) -> None:
        self.workspace_id = workspace_id
        self.slots = slots
        self.acquired = False

    def __enter__(self) -> "Slot":
        self.acquired = self.slots.take(self.workspace_id)
        return self

    def __exit__(self, *_: object) -> None:
        if self.acquired:
            self.slots.give_back(self.workspace_id)


def _wait_for_signal(job_id: int, timeout: float) -> bool:
    """Block until an end is signalled. It may be the end of an earlier run: callers read the job again anyway."""
    return bool(_try(lambda: broker.client().blpop([_end_key(job_id)], timeout=timeout), OUTAGE_PAUSE_SECONDS))


def _push_end(job_id: int, counter: str) -> None:
    """One round trip for the end, its publication and its count."""
    pipeline = broker.client().pipeline()
    pipeline.lpush(_end_key(job_id), 1)
    pipeline.expire(_end_key(job_id), END_SIGNAL_SECONDS)
    pipeline.publish(_progress_channel(job_id), ENDED)
    if counter:
        pipeline.hincrby(counters.HASH, counter, 1)
    pipeline.execute()


def _try(call: Callable[[], object], pause: float = 0.0) -> object:
    """Call the broker. Without one there is no signal: pause, so that callers poll the database instead."""
    try:
        return call()
    except (RedisError, OSError) as error:
        log.warning("signals_unavailable", reason=error)
        time.sleep(pause)
        return None


def _end_key(job_id: int) -> str:
    return f"linkmill:end:{job_id}"


def _progress_channel(job_id: int) -> str:
    return f"linkmill:progress:{job_id}"
