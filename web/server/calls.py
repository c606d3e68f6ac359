"""The calls of granian. A call may be answered later, by another thread than the one that granian gave it.

granian runs a WSGI application in threads of its own, and sends what the application returns. But the object through
which it sends works in every thread and at any time. So a redirect that has to be looked up leaves its call with those
that wait for the same query, and one thread answers them all. Threads that waited instead took more of the processor
to wake one another than the redirects did.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import Any
from wsgiref.types import WSGIApplication, WSGIEnvironment

import structlog
from granian.server import mp as granian_processes

from models import process_caches

CALL = "linkmill.call"
"""The entry of a request's environment with its call."""
MOST_LATE = 64
"""How many calls that were left are answered by the application at the same time."""

Headers = list[tuple[str, str]]
Runner = Callable[[Any, WSGIEnvironment], object]
"""What granian calls: with the object that sends the answer, and the request."""

log = structlog.get_logger()


class Call:
    """A request, and how to answer it."""

    __slots__ = ("headers", "is_left", "protocol", "run", "status")

    def __init__(self, protocol: Any, run: Runner) -> None:
        self.protocol = protocol
        self.run = run
        self.status = 0
        self.headers: Headers = []
        self.is_left = False

    def start(self, status: str, headers: Headers, _error: Any = None) -> Any:
        """Note status and headers, as WSGI's `start_response`."""
        self.status = int(status[:3])
        self.headers = headers

    def send(self, parts: Iterable[bytes]) -> None:
        self.protocol.response_bytes(self.status, self.headers, b"".join(parts))

    def leave(self) -> None:
        """Let granian's thread return without an answer: another thread will send it."""
        self.is_left = True

    def give_back(self, environ: WSGIEnvironment) -> None:
        """Let the application answer a call that was left. granian has closed its body by now."""
        _late_threads().submit(_run, self.run, self.protocol, environ)


def put_first(redirects: WSGIApplication) -> None:
    """Let granian call `redirects` first, and the application with the calls that it passes on.

    granian has no setting for this. When it has loaded the application, it wraps it in the function of this name.
    """
    workers: Any = granian_processes
    wrap_application = workers._wsgi_call_wrap

    def wrap(application: WSGIApplication, *options: Any) -> Runner:
        return partial(_call, redirects, wrap_application(application, *options))

    workers._wsgi_call_wrap = wrap


def pass_on(_environ: WSGIEnvironment, _start_response: Any) -> Iterable[bytes]:
    """The WSGI application behind the redirects: it begins no answer."""
    return []


def _call(redirects: WSGIApplication, run: Runner, protocol: Any, environ: WSGIEnvironment) -> None:
    call = Call(protocol, run)
    environ[CALL] = call
    parts = redirects(environ, call.start)
    if call.is_left:
        return
    if call.status:
        call.send(parts)
    else:
        run(protocol, environ)


def _run(run: Runner, protocol: Any, environ: WSGIEnvironment) -> None:
    """Call the application as granian does. When it fails, nothing is sent, and granian answers 500."""
    try:
        run(protocol, environ)
    except Exception as error:
        log.error("request_failed", exc_info=error)


@process_caches.function
@cache
def _late_threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(MOST_LATE, "late")
