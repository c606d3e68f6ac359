"""What others notice of an attack: how long their calls take meanwhile."""

import http.client
import json
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any, NamedTuple

TIMEOUT_SECONDS = 10.0
PAUSE_SECONDS = 0.05

Call = Callable[[], None]


class Answer(NamedTuple):
    status: int
    body: bytes


class Times:
    """How long the calls took, in milliseconds; one that failed took for ever."""

    def __init__(self) -> None:
        self.values: list[float] = []
        self.failures: list[str] = []

    @property
    def p99(self) -> float:
        ordered = sorted(self.values)
        return ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]

    @property
    def median(self) -> float:
        return statistics.median(self.values)


@contextmanager
def probing(*calls: Call, pause: float = PAUSE_SECONDS) -> Iterator[Sequence[Times]]:
    """Make each of these calls again and again during the block, and return their times."""
    over = Event()
    times = [Times() for _ in calls]
    threads = [Thread(target=_repeat, args=(call, one, over, pause)) for call, one in zip(calls, times, strict=True)]
    for thread in threads:
        thread.start()
    try:
        yield times
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _repeat(call: Call, times: Times, over: Event, pause: float) -> None:
    while not over.wait(pause):
        started = time.monotonic()
        try:
            call()
        except (OSError, http.client.HTTPException, AssertionError) as error:
            times.failures.append(repr(error))
            times.values.append(float("inf"))
            continue
        times.values.append((time.monotonic() - started) * 1000)


def redirect(port: int, slug: str, host: str) -> Call:
    def call() -> None:
        answer = request(port, "GET", f"/{slug}", {"Host": host})
        assert answer.status == 302, answer

    return call


def new_link(port: int, token: str, host: str) -> Call:
    headers = {"Host": host, "Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def call() -> None:
        answer = request(port, "POST", "/api/links", headers, json.dumps({"url": "https://example.com/"}))
        assert answer.status == 201, answer

    return call


def unlock(port: int, slug: str, password: str, host: str) -> Call:
    headers = {"Host": host, "Content-Type": "application/x-www-form-urlencoded"}

    def call() -> None:
        answer = request(port, "POST", f"/{slug}", headers, f"password={password}")
        assert answer.status == 303, answer

    return call


def request(port: int, method: str, path: str, headers: dict[str, str], body: Any = None) -> Answer:
    """Make a call on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        return Answer(response.status, response.read())
    finally:
        connection.close()
