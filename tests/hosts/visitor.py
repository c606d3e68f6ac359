"""A client in front of two webs: it asks the next one when one does not answer, as a load balancer does."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import httpx

PAUSE_SECONDS = 0.5
TIMEOUT = httpx.Timeout(10.0, connect=2.0)
UNAVAILABLE = 503
ROW = "url\nhttps://example.com/of-a-visitor\n"


class Visitor:
    """Posts a job of one row and looks at all jobs, again and again, and remembers the slowest answer."""

    def __init__(self, webs: Sequence[str], token: str, posts: bool) -> None:
        self.webs = list(webs)
        self.posts = posts
        self.client = httpx.Client(headers={"Authorization": f"Bearer {token}"}, timeout=TIMEOUT)
        self.slowest = 0.0
        self.refused = 0
        self.stopping = threading.Event()

    def run(self) -> None:
        while not self.stopping.wait(PAUSE_SECONDS):
            if self.posts:
                self.request("POST", "/api/jobs", content=ROW, headers=_headers())
            self.request("GET", "/api/jobs")

    def request(self, method: str, path: str, **options: Any) -> Any:
        """Return the answer's body, or None when the request was refused or no web answered."""
        started = time.monotonic()
        response = self._ask_each(method, path, options)
        self.slowest = max(self.slowest, time.monotonic() - started)
        if response is None or response.status_code == UNAVAILABLE:
            self.refused += 1
            return None
        return response.raise_for_status().json()

    def _ask_each(self, method: str, path: str, options: dict[str, Any]) -> httpx.Response | None:
        for web in list(self.webs):
            try:
                return self.client.request(method, web + path, **options)
            except httpx.TransportError:
                self.webs.append(self.webs.pop(0))  # the next request asks the other one first
        return None


def _headers() -> dict[str, str]:
    """Return those of a new job; a second web that is sent the same one answers with the first one's."""
    return {"Content-Type": "text/csv", "Idempotency-Key": uuid4().hex}


@contextmanager
def visiting(webs: Sequence[str], token: str, posts: bool) -> Iterator[Visitor]:
    visitor = Visitor(webs, token, posts)
    thread = threading.Thread(target=visitor.run)
    thread.start()
    try:
        yield visitor
    finally:
        visitor.stopping.set()
        thread.join()
