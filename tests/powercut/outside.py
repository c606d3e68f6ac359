"""A real system on a disk whose power is cut, as `make run` starts it, and a receiver of webhooks beside it."""

import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx

from tests.powercut.clients import OPEN_STATUSES, Answer, Api, Busy, Send, receive_webhook
from tests.powercut.ledger import Ledger
from tests.system import System, running_system
from tests.waiting import wait_until

FINISH_SECONDS = 120.0
STATUSES = ", ".join(f"'{status}'" for status in OPEN_STATUSES)


@contextmanager
def system(disk: Path, url: str, ledger: Ledger) -> Iterator[Api]:
    """Start a system whose files are on a disk."""
    with _receiver(ledger) as webhook_url, _start(disk, url) as running:
        yield Api(_sender(running), ledger, webhook_url, itertools.count())


def finish(disk: Path, url: str) -> int:
    """Start again on what a power cut left, and let every job end. Return how many do not."""
    with _start(disk, url) as running:
        try:
            wait_until(lambda: not _count_open_jobs(running), FINISH_SECONDS)
        except AssertionError:
            return _count_open_jobs(running)
    return 0


def _start(disk: Path, url: str) -> Any:
    return running_system(disk, url, flower=False, ALLOW_PRIVATE_TARGETS="1")


def _count_open_jobs(running: System) -> int:
    return int(running.sql(f"SELECT count(*) FROM jobs WHERE status IN ({STATUSES})")[0][0])


@contextmanager
def _receiver(ledger: Ledger) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receive_webhook(ledger, json.loads(body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Keep silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


def _sender(running: System) -> Send:
    def send(method: str, path: str, body: Any = None) -> Answer:
        options: dict[str, Any] = {"json": body}
        if isinstance(body, str):
            options = {"content": body, "headers": {"Content-Type": "text/csv"}}
        try:
            response = running.client.request(method, path, **options)
        except httpx.RemoteProtocolError:  # a server without a moment of the processor ends a connection that was idle
            raise Busy from None
        is_json = "json" in response.headers.get("Content-Type", "")
        return Answer(response.status_code, response.json() if is_json else None)

    return send
