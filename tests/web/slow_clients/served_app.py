"""A small application for a real server: it reads bodies and sends large answers behind the guard, and shows places."""

from collections.abc import Iterator

from flask import Flask, Response, request

from web.slow_clients import calls, guard, places

CHUNK = 1 << 16
CHUNKS = 1_000  # of a large answer: more than the kernel's buffers hold


def create() -> Flask:
    app = Flask("served")
    app.post("/api/upload")(read_body)
    app.get("/api/download")(send_much)
    app.get("/api/broken-header")(send_broken_header)
    app.get("/places")(show_places)
    guard.protect(app, {"api"})
    return app


def read_body() -> str:
    while request.stream.read(CHUNK):
        pass
    return "received"


def send_much() -> Response:
    def parts() -> Iterator[bytes]:
        for _ in range(CHUNKS):
            yield bytes(CHUNK)

    return Response(parts())


def send_broken_header() -> Response:
    """Send a header that the server cannot encode: it drops the answer without closing it."""
    response = Response(parts for parts in [b"1"])
    response.headers["X-Broken"] = "\ud800"
    return response


def show_places() -> dict[str, int]:
    """Show what is taken. This is no route of those that the guard knows, so it takes nothing itself."""
    return {
        "calls": len(calls.calls),
        "slots": places.MOST_CALLS - places.call_slots._value,
        "uploads": places.uploads.strangers.taken.total(),
        "downloads": places.answers.strangers.taken.total(),
    }
