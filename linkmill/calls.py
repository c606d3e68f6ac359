"""Calls to the server: what it answers, what it refuses, and how long it is waited for."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import quote

import httpx

from .errors import Away, Broken, Failed, Refused
from .settings import Where

T = TypeVar("T")
Job = dict[str, Any]
Say = Callable[[str], None]

OPEN = ("queued", "running")
TIMEOUT = httpx.Timeout(60, connect=10)
PAUSES = (0.5, 1, 2, 3, 5)
PATIENCE = 600.0
"""Seconds that a server which has answered before is waited for."""
MOST_BROKEN = 4
LONGEST_BUSY = 60.0
"""Seconds that a server may ask us to wait; who has to wait for longer is told so."""
PASSING = (502, 503, 504)
CUT = (httpx.ReadError, httpx.WriteError, httpx.CloseError, httpx.RemoteProtocolError)


def opened(where: Where) -> httpx.Client:
    headers = {"Authorization": f"Bearer {where.key}", "User-Agent": "linkmill"}
    return httpx.Client(base_url=where.server, headers=headers, timeout=TIMEOUT)


def get(client: httpx.Client, path: str, **query: Any) -> Any:
    return body(call(client, "GET", path, params=query))


def post(client: httpx.Client, path: str) -> Job:
    found: Job = body(call(client, "POST", path))
    return found


def job(client: httpx.Client, job_id: str) -> Job:
    found: Job = get(client, job_path(job_id))
    return found


def job_path(job_id: str, *more: str) -> str:
    return "/".join(("/api/jobs", quote(job_id, safe=""), *more))


def ended(job: Job) -> bool:
    return job["status"] not in OPEN


def call(client: httpx.Client, method: str, path: str, **more: Any) -> httpx.Response:
    with heard(client):
        response = client.request(method, path, **more)
    return checked(response)


@contextmanager
def streamed(client: httpx.Client, path: str, timeout: httpx.Timeout, **query: Any) -> Iterator[httpx.Response]:
    """An answer that is read as it comes."""
    with heard(client), client.stream("GET", path, params=query, timeout=timeout) as response:
        if response.status_code != 200:
            response.read()
        yield checked(response)


@contextmanager
def heard(client: httpx.Client) -> Iterator[None]:
    try:
        yield
    except CUT as error:
        raise Broken(f"the connection to {client.base_url} broke: {_reason(error)}") from None
    except httpx.HTTPError as error:
        raise Away(f"{client.base_url} does not answer: {_reason(error)}") from None


def checked(response: httpx.Response) -> httpx.Response:
    """The answer, if it is none of those that tell what is wrong."""
    if response.is_success or response.status_code == 304:
        return response
    problem = _problem(response)
    seconds = float(after) if (after := response.headers.get("Retry-After", "")).isdigit() else 0.0
    busy = response.status_code in PASSING or problem.get("code") == "IDEMPOTENCY_IN_PROGRESS"
    if busy or (response.status_code == 429 and seconds <= LONGEST_BUSY):
        raise Away(_told(response, problem), seconds)
    raise Refused(_told(response, problem))


def body(response: httpx.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        raise Failed(f"{response.url.copy_with(path='/')} is no Linkmill server: its answer is no JSON") from None


def persistently(attempt: Callable[[], T], say: Say) -> T:
    """What the attempt gives, at last: whoever is away is asked again, after growing pauses."""
    deadline, broken, tried = time.monotonic() + PATIENCE, 0, 0
    while True:
        try:
            return attempt()
        except Away as error:
            pause = max(error.seconds, PAUSES[min(tried, len(PAUSES) - 1)])
            broken, tried = broken + isinstance(error, Broken), tried + 1
            if broken == MOST_BROKEN or time.monotonic() + pause > deadline:
                raise
            say(f"{error.message}; trying again in {pause:g} s")
        time.sleep(pause)


def _problem(response: httpx.Response) -> dict[str, Any]:
    try:
        found = response.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _told(response: httpx.Response, problem: dict[str, Any]) -> str:
    if response.status_code == 401:
        return f"{response.url.host} does not know this key (401)"
    if response.is_redirect:
        return f"the server sends us to {response.headers['Location']}: give the right address as --server"
    if "detail" not in problem:
        return f"{response.url.host} answers {response.status_code} {response.reason_phrase}: is it a Linkmill server?"
    fields = [f"{each.get('pointer', '')}: {each.get('message', '')}" for each in problem.get("errors") or ()]
    return "; ".join((f"{problem['detail']} ({response.status_code} {problem.get('code', '')})", *fields))


def _reason(error: Exception) -> str:
    text = str(error) or type(error).__name__
    return text.partition("] ")[2] or text if text.startswith("[Errno") else text
