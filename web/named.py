"""Every request has an id: the caller's own or a new one, in the answer and in each line about it."""

import os
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from producer import logs

HEADER, VARIABLE = "X-Request-ID", "HTTP_X_REQUEST_ID"
BYTES = 12


class Named:
    """Stands before everything, redirects included."""

    def __init__(self, app: WSGIApplication) -> None:
        self.app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        given = environ.get(VARIABLE, "")
        name = given if given and logs.SANE_ID.fullmatch(given) else os.urandom(BYTES).hex()
        logs.begin(request_id=name)

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Callable[[bytes], object]:
            return start_response(status, [*headers, (HEADER, name)], *more)

        return self.app(environ, start)
