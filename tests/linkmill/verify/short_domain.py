"""A short domain on this machine: answers of our choice, and a log of who asked."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LONG_BODY = 1 << 30


@dataclass(slots=True)
class Answer:
    status: int = 302
    location: str = ""
    refuses_head: bool = False
    busy: int = 0
    """So many requests are answered by 429 first."""


@dataclass(slots=True)
class ShortDomain:
    url: str
    answers: dict[str, Answer] = field(default_factory=dict)
    requests: list[tuple[str, str, str]] = field(default_factory=list)
    """Method, host and path of each."""
    body_bytes: int = 0
    """So many were sent of bodies that nobody should ask for."""

    def links(self, places: dict[str, str]) -> None:
        self.answers.update({path: Answer(location=place) for path, place in places.items()})


@contextmanager
def short_domain(host: str = "127.0.0.1") -> Iterator[ShortDomain]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        domain = ShortDomain(f"http://{host}:{server.server_port}")
        server.domain = domain  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield domain
        server.shutdown()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.answer()

    def do_GET(self) -> None:
        self.answer()

    def answer(self) -> None:
        domain: ShortDomain = self.server.domain  # type: ignore[attr-defined]
        domain.requests.append((self.command, self.headers["Host"], self.path))
        answer = domain.answers.get(self.path, Answer(404))
        status = answer.status
        if answer.busy:
            answer.busy -= 1
            status = 429
        elif answer.refuses_head and self.command == "HEAD":
            status = 405
        self.send_response(status)
        if answer.location and status == answer.status:
            self.send_header("Location", answer.location)
        self.send_header("Content-Length", str(LONG_BODY))
        self.end_headers()
        if self.command == "GET":
            self.send_body(domain)

    def send_body(self, domain: ShortDomain) -> None:
        self.close_connection = True
        try:
            while domain.body_bytes < LONG_BODY:
                domain.body_bytes += self.wfile.write(bytes(1 << 16))
        except OSError:
            return

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""
