"""Requests to the outside: bounded in time, bytes and redirects, over connections of the guard."""

import ssl
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass

import can_ada
import httpcore

from models.errors import BadTarget, Unreachable
from producer.outside import bodies, guard
from producer.outside.connection import open_stream
from producer.outside.guard import CallTarget

REDIRECT_STATUSES = (301, 302, 303, 307, 308)
MAX_REASON_LENGTH = 200
PAGE_HEADERS = {"accept": "text/html, application/xhtml+xml", "accept-encoding": "gzip, deflate"}

BodyReader = Callable[[httpcore.Response], bytes]


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    """By names in lower case; repeated headers are joined by commas."""
    body: bytes
    """Cut at the caller's limit."""
    seconds: float


@dataclass(frozen=True, slots=True)
class OutsideRequest:
    method: str
    target: CallTarget
    headers: Mapping[str, str]
    body: bytes | None


def call(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes | None,
    *,
    connect_seconds: float = 5,
    total_seconds: float = 15,
    max_bytes: int = 64 << 10,
) -> Answer:
    """Send one request and return its answer, also a redirect. Raises Unreachable when there is none."""
    start = time.monotonic()
    deadline = start + total_seconds
    connect_deadline = start + min(connect_seconds, total_seconds)

    def read_body(response: httpcore.Response) -> bytes:
        return bodies.cut(response.iter_stream(), max_bytes)

    with _explain_failures():
        request = OutsideRequest(method, guard.parse_target(url), headers, body)
        return _send(request, start, connect_deadline, deadline, read_body)


def fetch(url: str, *, total_seconds: float = 5, max_bytes: int = 256 << 10, max_redirects: int = 3) -> Answer:
    """Get a page, decompressed. Follow redirects, each of which is checked again."""
    start = time.monotonic()
    deadline = start + total_seconds

    def read_body(response: httpcore.Response) -> bytes:
        if response.status in REDIRECT_STATUSES:
            return b""
        encoding = _headers_by_name(response.headers).get("content-encoding", "")
        return bodies.decode(response.iter_stream(), encoding, max_bytes)

    with _explain_failures():
        for _ in range(max_redirects + 1):
            request = OutsideRequest("GET", guard.parse_target(url), PAGE_HEADERS, None)
            answer = _send(request, start, deadline, deadline, read_body)
            if answer.status not in REDIRECT_STATUSES or "location" not in answer.headers:
                return answer
            url = _join(request.target.href, answer.headers["location"])
        raise Unreachable(f"More than {max_redirects} redirects")


def _send(
    request: OutsideRequest, start: float, connect_deadline: float, deadline: float, read_body: BodyReader
) -> Answer:
    target = request.target
    url = httpcore.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.path)
    stream = open_stream(target, connect_deadline, deadline)
    headers = list(_request_headers(request).items())
    with (
        closing(httpcore.HTTP11Connection(origin=url.origin, stream=stream)) as connection,
        connection.stream(request.method, url, headers=headers, content=request.body) as response,
    ):
        body = read_body(response)
        return Answer(response.status, _headers_by_name(response.headers), body, time.monotonic() - start)


def _request_headers(request: OutsideRequest) -> dict[str, str]:
    """Add our headers: some the caller may override, and two that nobody may."""
    headers = {"user-agent": "Linkmill", "accept": "*/*", "accept-encoding": "identity"}
    for name, value in request.headers.items():
        headers[name.lower()] = value
    headers["host"] = request.target.authority
    headers["connection"] = "close"
    return headers


def _headers_by_name(headers: list[tuple[bytes, bytes]]) -> dict[str, str]:
    values: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name = raw_name.decode("latin-1").lower()
        value = _decode_value(raw_value)
        values[name] = f"{values[name]}, {value}" if name in values else value
    return values


def _decode_value(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _join(base: str, location: str) -> str:
    try:
        return str((can_ada.parse(base) + location).href)
    except ValueError:
        raise Unreachable("The redirect does not lead to a URL") from None


@contextmanager
def _explain_failures() -> Iterator[None]:
    """Raise whatever goes wrong outside as one error, with a reason for people."""
    try:
        yield
    except BadTarget as error:
        raise Unreachable(str(error)) from None
    except TimeoutError:
        raise Unreachable("No answer in time") from None
    except ssl.SSLCertVerificationError as error:
        raise Unreachable(f"The certificate is not valid: {error.verify_message}") from None
    except (httpcore.ProtocolError, zlib.error) as error:
        raise Unreachable(f"The answer is malformed: {error}"[:MAX_REASON_LENGTH]) from None
    except (OSError, ValueError) as error:
        raise Unreachable(f"The connection failed: {_reason(error)}"[:MAX_REASON_LENGTH]) from None


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return f"TLS {error.reason or 'broke off'}"
    return str(getattr(error, "strerror", None) or error)
