"""Calls to the server: requests, their answers and refusals, and trying again while it is away."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import quote

import httpx

from .errors import ConnectionBroken, LinkmillError, RequestRefused, ServerAway
from .settings import Account

T = TypeVar("T")
JobDocument = dict[str, Any]
Say = Callable[[str], None]

OPEN_STATUSES = ("queued", "running")
TIMEOUT = httpx.Timeout(60, connect=10)
RETRY_PAUSES = (0.5, 1, 2, 3, 5)
RETRY_SECONDS = 600.0
"""How long a server that has answered before is asked again."""
MOST_BROKEN_CONNECTIONS = 4
LONGEST_RETRY_AFTER = 60.0
"""A server that asks for a longer pause is not waited for: the command says so and ends."""
TEMPORARY_STATUSES = (502, 503, 504)
BROKEN_CONNECTION = (httpx.ReadError, httpx.WriteError, httpx.CloseError, httpx.RemoteProtocolError)


def open_client(account: Account) -> httpx.Client:
    headers = {"Authorization": f"Bearer {account.key}", "User-Agent": "linkmill"}
    return httpx.Client(base_url=account.server, headers=headers, timeout=TIMEOUT)


def get(client: httpx.Client, path: str, **query: Any) -> Any:
    return parse_json(send(client, "GET", path, params=query))


def post(client: httpx.Client, path: str) -> JobDocument:
    job: JobDocument = parse_json(send(client, "POST", path))
    return job


def read_job(client: httpx.Client, job_id: str, **query: Any) -> JobDocument:
    job: JobDocument = get(client, job_path(job_id), **query)
    return job


def job_path(job_id: str, *more: str) -> str:
    return "/".join(("/api/jobs", quote(job_id, safe=""), *more))


def has_ended(job: JobDocument) -> bool:
    return job["status"] not in OPEN_STATUSES


def send(client: httpx.Client, method: str, path: str, **options: Any) -> httpx.Response:
    """Send a request; raise ServerAway or RequestRefused unless it succeeds."""
    with _translate_errors(client):
        response = client.request(method, path, **options)
    return _raise_for_status(response)


@contextmanager
def stream(client: httpx.Client, path: str, timeout: httpx.Timeout, **query: Any) -> Iterator[httpx.Response]:
    """Give an answer whose body is read as it arrives."""
    with _translate_errors(client), client.stream("GET", path, params=query, timeout=timeout) as response:
        if response.status_code != 200:
            response.read()
        yield _raise_for_status(response)


@contextmanager
def _translate_errors(client: httpx.Client) -> Iterator[None]:
    try:
        yield
    except BROKEN_CONNECTION as error:
        raise ConnectionBroken(f"the connection to {client.base_url} broke: {_reason(error)}") from None
    except httpx.HTTPError as error:
        raise ServerAway(f"{client.base_url} does not answer: {_reason(error)}") from None


def _reason(error: Exception) -> str:
    text = str(error) or type(error).__name__
    if text.startswith("[Errno"):
        return text.partition("] ")[2] or text
    return text


def _raise_for_status(response: httpx.Response) -> httpx.Response:
    if response.is_success or response.status_code == 304:
        return response
    problem = _problem(response)
    retry_after = response.headers.get("Retry-After", "")
    seconds = float(retry_after) if retry_after.isdigit() else 0.0
    is_temporary = response.status_code in TEMPORARY_STATUSES or problem.get("code") == "IDEMPOTENCY_IN_PROGRESS"
    is_limited = response.status_code == 429 and seconds <= LONGEST_RETRY_AFTER
    if is_temporary or is_limited:
        raise ServerAway(_explain(response, problem), seconds)
    raise RequestRefused(_explain(response, problem), response.status_code, problem)


def _problem(response: httpx.Response) -> dict[str, Any]:
    try:
        problem = response.json()
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}


def _explain(response: httpx.Response, problem: dict[str, Any]) -> str:
    if response.status_code == 401:
        return f"{response.url.host} does not know this key (401)"
    if response.is_redirect:
        return f"the server redirects to {response.headers['Location']}: pass the right address as --server"
    if "detail" not in problem:
        return f"{response.url.host} answers {response.status_code} {response.reason_phrase}: is it a Linkmill server?"
    lines = [f"{problem['detail']} ({response.status_code} {problem.get('code', '')})"]
    for error in problem.get("errors") or ():
        lines.append(f"{error.get('pointer', '')}: {error.get('message', '')}")
    return "; ".join(lines)


def parse_json(response: httpx.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        server = response.url.copy_with(path="/")
        raise LinkmillError(f"{server} is not a Linkmill server: its answer is not JSON") from None


def retry_while_away(attempt: Callable[[], T], say: Say) -> T:
    """Call `attempt` until it succeeds, with growing pauses while the server is away."""
    deadline = time.monotonic() + RETRY_SECONDS
    attempts = 0
    broken_connections = 0
    while True:
        try:
            return attempt()
        except ServerAway as error:
            pause = max(error.seconds, RETRY_PAUSES[min(attempts, len(RETRY_PAUSES) - 1)])
            attempts += 1
            if isinstance(error, ConnectionBroken):
                broken_connections += 1
            if broken_connections == MOST_BROKEN_CONNECTIONS or time.monotonic() + pause > deadline:
                raise
            say(f"{error.message}; trying again in {pause:g} s")
        time.sleep(pause)
