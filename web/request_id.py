"""Every request has an id: the caller's own or a new one, in the answer and in each line about it."""

import os
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import request

from producer.telemetry import logs, tracing

HEADER, VARIABLE = "X-Request-ID", "HTTP_X_REQUEST_ID"
BYTES = 12


class Named:
    """Stands before everything, redirects included."""

    def __init__(self, app: WSGIApplication) -> None:
        self.app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        given = environ.get(VARIABLE, "")
        name = given if given and logs.REQUEST_ID_PATTERN.fullmatch(given) else os.urandom(BYTES).hex()
        logs.bind_context(request_id=name)

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Callable[[bytes], object]:
            tracing.annotate({"http.response.status_code": int(status[:3])})
            return start_response(status, [*headers, (HEADER, name)], *more)

        about = {"http.request.method": environ["REQUEST_METHOD"], "request_id": name}
        with tracing.span(environ["REQUEST_METHOD"], _carried(environ), **about):
            return self.app(environ, start)


def tell_route() -> None:
    """A trace is called by the route: the path itself may hold what is nobody else's business."""
    if request.url_rule:
        tracing.annotate({"http.route": request.url_rule.rule}, f"{request.method} {request.url_rule.rule}")


def _carried(environ: WSGIEnvironment) -> dict[str, str]:
    return {name: environ[key] for name in tracing.HEADER_NAMES if (key := f"HTTP_{name.upper()}") in environ}
