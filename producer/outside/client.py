"""One request to the outside: bounded in time, bytes and redirects, over connections that the guard made."""

import ssl
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass

import can_ada
import httpcore

from models.errors import BadTarget, Unreachable
from producer.outside import guard
from producer.outside.bodies import cut, decoded
from producer.outside.connection import open_stream
from producer.outside.guard import Target

REDIRECTS = (301, 302, 303, 307, 308)
LONGEST_REASON = 200

Reader = Callable[[httpcore.Response], bytes]


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    """Names in lower case; what came more than once is joined by commas."""
    body: bytes
    """Cut where the caller's limit is."""
    seconds: float


def call(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes | None,
    *,
    connect_seconds: float = 5,
    total_seconds: float = 15,
    most_bytes: int = 64 << 10,
) -> Answer:
    """Sends one request and gives its answer, whatever it is; a redirect is an answer too."""
    began = time.monotonic()

    def read(response: httpcore.Response) -> bytes:
        return cut(response.iter_stream(), most_bytes)

    with _explained():
        request = _Request(method, guard.target(url), headers, body)
        return _asked(request, began, began + min(connect_seconds, total_seconds), began + total_seconds, read)


def fetch(url: str, *, total_seconds: float = 5, most_bytes: int = 256 << 10, most_redirects: int = 3) -> Answer:
    """Gets a page, over redirects that are each checked again, decompressed."""
    began = time.monotonic()
    until = began + total_seconds

    def read(response: httpcore.Response) -> bytes:
        encoding = _by_name(response.headers).get("content-encoding", "")
        return b"" if response.status in REDIRECTS else decoded(response.iter_stream(), encoding, most_bytes)

    with _explained():
        for _ in range(most_redirects + 1):
            request = _Request("GET", guard.target(url), _PAGE, None)
            answer = _asked(request, began, until, until, read)
            if answer.status not in REDIRECTS or "location" not in answer.headers:
                return answer
            url = _joined(request.target.href, answer.headers["location"])
        raise Unreachable(f"more than {most_redirects} redirects")


_PAGE = {"accept": "text/html, application/xhtml+xml", "accept-encoding": "gzip, deflate"}


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    target: Target
    headers: Mapping[str, str]
    body: bytes | None


def _asked(request: _Request, began: float, connect_until: float, until: float, read: Reader) -> Answer:
    target = request.target
    url = httpcore.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.path)
    stream = open_stream(target, connect_until, until)
    with (
        closing(httpcore.HTTP11Connection(origin=url.origin, stream=stream)) as connection,
        connection.stream(request.method, url, headers=_headers(request), content=request.body) as response,
    ):
        return Answer(response.status, _by_name(response.headers), read(response), time.monotonic() - began)


def _headers(request: _Request) -> list[tuple[str, str]]:
    ours = {"user-agent": "Linkmill", "accept": "*/*", "accept-encoding": "identity"}
    given = {name.lower(): value for name, value in request.headers.items()}
    return list((ours | given | {"host": request.target.authority, "connection": "close"}).items())


def _by_name(headers: list[tuple[bytes, bytes]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in headers:
        key = name.decode("latin-1").lower()
        found[key] = f"{found[key]}, {_text(value)}" if key in found else _text(value)
    return found


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _joined(base: str, location: str) -> str:
    try:
        return str((can_ada.parse(base) + location).href)
    except ValueError:
        raise Unreachable("the redirect leads to no URL") from None


@contextmanager
def _explained() -> Iterator[None]:
    """Whatever can go wrong outside, as one error with a reason for people."""
    try:
        yield
    except BadTarget as error:
        raise Unreachable(str(error)) from None
    except TimeoutError:
        raise Unreachable("no answer in time") from None
    except ssl.SSLCertVerificationError as error:
        raise Unreachable(f"the certificate is not good: {error.verify_message}") from None
    except (httpcore.ProtocolError, zlib.error) as error:
        raise Unreachable(f"the answer is broken: {error}"[:LONGEST_REASON]) from None
    except (OSError, ValueError) as error:
        raise Unreachable(f"the connection failed: {_why(error)}"[:LONGEST_REASON]) from None


def _why(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return f"TLS {error.reason or 'broke off'}"
    return str(getattr(error, "strerror", None) or error)
