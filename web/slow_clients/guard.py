"""Keeps threads free for redirects and health checks, whatever other requests do."""

import math
from collections.abc import Collection, Iterable, Iterator
from contextlib import ExitStack
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask, Response, request
from werkzeug.wsgi import ClosingIterator

from models.errors import Unavailable
from web import errors
from web.slow_clients.calls import Call, under_way
from web.slow_clients.places import Place, answers, call_slots, uploads, writers

HEALTH_CHECKS = ("/healthz", "/readyz")
SMALL_ANSWER = 1 << 16  # bytes
EVENTS = "text/event-stream"
RESOURCES = "linkmill.resources"
"""The entry of a request's environment with what is released when its answer has been sent."""


def protect(app: Flask, other_routes: Collection[str]) -> None:
    """Put the guard in front of an application that a web server runs: only a server closes each of its answers."""
    app.after_request(limit_large_answers)
    app.wsgi_app = Guard(app.wsgi_app, other_routes)  # type: ignore[method-assign]


class Guard:
    """WSGI middleware that bounds how many threads work on requests other than redirects and health checks."""

    def __init__(self, app: WSGIApplication, other_routes: Collection[str]) -> None:
        self.app = app
        self.other_routes = other_routes  # than redirects, by their first segments

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if self._always_has_a_thread(environ):
            return self.app(environ, start_response)
        with ExitStack() as resources:
            if not call_slots.acquire(blocking=False):
                return _refuse(environ, start_response)
            resources.callback(call_slots.release)
            call = resources.enter_context(under_way())
            body = Body(environ["wsgi.input"], _content_length(environ), call)
            resources.callback(body.end)
            environ["wsgi.input"] = body
            environ[RESOURCES] = resources
            parts = self.app(environ, start_response)
            resources.callback(getattr(parts, "close", _do_nothing))
            # The answer outlives this function: its resources are released when it is closed.
            return Answer(parts, resources.pop_all())

    def _always_has_a_thread(self, environ: WSGIEnvironment) -> bool:
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return False
        path = environ["PATH_INFO"]
        return path in HEALTH_CHECKS or path[1:].partition("/")[0] not in self.other_routes


class Answer:
    """The parts of an answer, and what is released when it is closed, even if the application's own clean-up fails."""

    def __init__(self, parts: Iterable[bytes], resources: ExitStack) -> None:
        self.parts = parts
        self.resources = resources

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.parts)

    def close(self) -> None:
        self.resources.close()

    def __del__(self) -> None:
        # The server drops an answer that it cannot send, such as one with a header that is no valid text.
        self.close()


class Body:
    """The body of a request. It holds one of the places for uploads from its first read to its last."""

    def __init__(self, stream: Any, length: int | None, call: Call) -> None:
        self.stream = stream
        self.length = length
        self.call = call
        self.received = 0
        self.has_ended = False
        self.place: Place | None = None

    def read(self, *size: int) -> bytes:
        # A reader asks once more after the end: then there is nothing to wait for.
        if self.place is None and not self.has_ended:
            self._begin()
        chunk: bytes = self.stream.read(*size)
        self.received += len(chunk)
        # The server returns less than was asked for only at the end.
        is_short = not size or len(chunk) < size[0]
        if is_short or self.received == self.length:
            self.has_ended = True
            self.end()
        return chunk

    def _begin(self) -> None:
        place = uploads.choose()
        if not place.take():
            raise Unavailable("Too many uploads are under way. Try again.")
        self.place = place
        self.call.begin_body()

    def end(self) -> None:
        if self.place is None:
            return
        self.place.give_back()
        self.place = None
        self.call.end_body()


def limit_large_answers(response: Response) -> Response:
    """Let a large answer begin only if there is a place for it: its thread waits until the client has read it."""
    if not _is_large(response):
        return response
    place = answers.choose()
    if not place.take():
        response.close()
        return errors.answer_error(Unavailable("Too many downloads are under way. Try again."))
    request.environ[RESOURCES].callback(place.give_back)
    response.response = ClosingIterator(_take_turns(response.response), getattr(response.response, "close", None))
    return response


def _take_turns(parts: Iterable[Any]) -> Iterator[Any]:
    """Compute an answer part by part while few others compute theirs: sending takes no turn, however long it takes."""
    iterator = iter(parts)
    while True:
        with writers:
            part = next(iterator, None)
        if part is None:
            return
        yield part


def _is_large(response: Response) -> bool:
    if not response.is_streamed or response.mimetype == EVENTS:
        return False
    return (response.content_length or math.inf) > SMALL_ANSWER


def _refuse(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    response = errors.answer_error(Unavailable("Too many requests are under way. Try again."))
    response.headers["Connection"] = "close"
    return response(environ, start_response)


def _do_nothing() -> None:
    """The close of an answer that needs none."""


def _content_length(environ: WSGIEnvironment) -> int | None:
    text = environ.get("CONTENT_LENGTH") or ""
    return int(text) if text.isdecimal() else None
