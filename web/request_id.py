"""The id of a request: the caller's own or a new one, in the response and in every log line about it."""

import random
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import request

from producer.telemetry import logs, tracing

HEADER = "X-Request-ID"
VARIABLE = "HTTP_X_REQUEST_ID"
ID_DIGITS = 24


class RequestIds:
    """WSGI middleware in front of everything else, redirects included."""

    def __init__(self, app: WSGIApplication) -> None:
        self.app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request_id = _accept_or_make(environ.get(VARIABLE, ""))
        logs.bind_context(request_id=request_id)

        def start_with_id(status: str, headers: list[tuple[str, str]], *more: Any) -> Callable[[bytes], object]:
            if tracing.is_enabled:
                tracing.annotate({"http.response.status_code": int(status[:3])})
            return start_response(status, [*headers, (HEADER, request_id)], *more)

        if not tracing.is_enabled:
            return self.app(environ, start_with_id)
        method = environ["REQUEST_METHOD"]
        attributes = {"http.request.method": method, "request_id": request_id}
        with tracing.span(method, _trace_headers(environ), **attributes):
            return self.app(environ, start_with_id)


def name_trace() -> None:
    """Name the trace by its route: the path itself may hold something private, such as a slug."""
    if request.url_rule:
        tracing.annotate({"http.route": request.url_rule.rule}, f"{request.method} {request.url_rule.rule}")


def _accept_or_make(request_id: str) -> str:
    """Keep the caller's id when it is safe to log; make one otherwise."""
    if request_id and logs.REQUEST_ID_PATTERN.fullmatch(request_id):
        return request_id
    # It is no secret, and to ask the system for random bytes would let other threads run first.
    return f"{random.getrandbits(4 * ID_DIGITS):0{ID_DIGITS}x}"


def _trace_headers(environ: WSGIEnvironment) -> dict[str, str]:
    headers = {}
    for name in tracing.HEADER_NAMES:
        variable = f"HTTP_{name.upper()}"
        if variable in environ:
            headers[name] = environ[variable]
    return headers
