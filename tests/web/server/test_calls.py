"""How a redirect is answered in granian's threads: at once, later, or by the application."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from queue import SimpleQueue
from threading import Event, Thread
from typing import Any

import pytest
from granian.server import mp as granian_processes
from sqlalchemy.exc import OperationalError

from models.accounts.keys import Owner
from models.links import lookup
from producer.visits import link_cache
from producer.visits.click_buffer import ClickBuffer
from tests.web.visitors import visiting
from web.server import calls
from web.visitors.shortcut import LateRedirects

PAST = datetime.now(UTC) - timedelta(days=1)
CONDITIONS = [{"max_clicks": 3}, {"password_hash": "x"}, {"disabled_at": PAST}, {"expires_at": PAST}]


class Protocol:
    """granian's side of a request: it keeps what is sent."""

    def __init__(self) -> None:
        self.sent = SimpleQueue[tuple[int, dict[str, str]]]()

    def response_bytes(self, status: int, headers: calls.Headers, _body: bytes) -> None:
        self.sent.put((status, dict(headers)))

    def answer(self) -> tuple[int, str | None]:
        """Wait for the answer; return its status and location."""
        status, headers = self.sent.get(timeout=10)
        return status, headers.get("Location")


class Server:
    """What granian does with a request, and an application that answers 200."""

    def __init__(self) -> None:
        self.redirects = LateRedirects(calls.pass_on, {"api"})

    def get(self, path: str, method: str = "GET") -> Protocol:
        protocol = Protocol()
        environ: dict[str, Any] = {"REQUEST_METHOD": method, "PATH_INFO": path, "HTTP_HOST": "localhost"}
        calls._call(self.redirects, run_application, protocol, environ)
        return protocol


def run_application(protocol: Protocol, environ: dict[str, Any]) -> None:
    protocol.response_bytes(200, [], b"")


@pytest.fixture
def server(owner: Owner, counted: ClickBuffer) -> Iterator[Server]:
    visiting.make("here", url="https://example.com/here")
    yield Server()
    calls._late_threads().shutdown()


HERE = (302, "https://example.com/here")


def test_a_link_is_looked_up_once_and_each_visit_counts(server: Server, counted: ClickBuffer) -> None:
    for _ in range(3):
        assert server.get("/here").answer() == HERE
    assert list(counted.counts.values()) == [3]


@pytest.mark.parametrize(("method", "path"), [("GET", "/api/jobs"), ("HEAD", "/here"), ("POST", "/here"), ("GET", "/")])
def test_other_requests_are_for_the_application(server: Server, method: str, path: str) -> None:
    assert server.get(path, method).answer() == (200, None)


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_link_with_a_condition_is_for_the_application(server: Server, condition: dict[str, Any]) -> None:
    visiting.make("limited", **condition)
    for _ in range(2):
        assert server.get("/limited").answer() == (200, None)
    assert server.get("/none-such").answer() == (200, None)


def test_no_thread_waits_while_links_are_looked_up(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    visiting.make("there", url="https://example.com/there")
    reads = SlowReads()
    monkeypatch.setattr(lookup, "joint_reads", lambda: reads.joint)
    first = SimpleQueue[Protocol]()
    reader = Thread(target=lambda: first.put(server.get("/here")))
    reader.start()
    assert reads.began.wait(10)
    others = [server.get(path) for path in ("/there", "/here", "/none-such")]
    assert all(protocol.sent.empty() for protocol in others)
    reads.permit.set()
    reader.join(10)
    assert first.get(timeout=10).answer() == HERE
    assert [protocol.answer() for protocol in others] == [(302, "https://example.com/there"), HERE, (200, None)]
    assert reads.sizes == [1, 3]


class SlowReads:
    """Look-ups that wait for a permit."""

    def __init__(self) -> None:
        self.began = Event()
        self.permit = Event()
        self.sizes: list[int] = []
        read = lookup.joint_reads().read

        def read_later(names: Any) -> Any:
            self.sizes.append(len(names))
            self.began.set()
            assert self.permit.wait(10)
            return read(names)

        self.joint = type(lookup.joint_reads())(read_later)


def test_a_link_of_the_last_minute_is_served_while_the_database_is_away(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert server.get("/here").answer() == HERE
    monkeypatch.setattr(link_cache, "SECONDS", 0.0)
    monkeypatch.setattr(lookup, "find_later", fail)
    status, headers = server.get("/here").sent.get(timeout=10)
    assert (status, headers["Location"]) == HERE
    assert headers["Cache-Status"].startswith("linkmill; hit; ttl=")
    assert server.get("/other").answer() == (200, None)  # the application says what has happened


def fail(_name: object, answer: Callable[[None, Exception], object]) -> None:
    answer(None, OperationalError("SELECT", None, ConnectionError("away")))


def test_an_application_that_fails_late_sends_nothing(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = Event()

    def run(protocol: Protocol, environ: dict[str, Any]) -> None:
        failed.set()
        raise ValueError("no such page")

    monkeypatch.setitem(globals(), "run_application", run)
    protocol = server.get("/none-such")
    assert failed.wait(10)
    calls._late_threads().shutdown()  # waits for its threads
    assert protocol.sent.empty()  # granian answers 500 when the call is forgotten


def test_granian_wraps_the_application_as_we_expect(monkeypatch: pytest.MonkeyPatch) -> None:
    processes: Any = granian_processes
    monkeypatch.setattr(processes, "_wsgi_call_wrap", processes._wsgi_call_wrap)  # so that it is restored
    calls.put_first(calls.pass_on)
    run = processes._wsgi_call_wrap(lambda environ, start: [start("201 CREATED", [])][:0], {}, None)
    protocol = Protocol()
    run(protocol, {"REQUEST_METHOD": "GET", "PATH_INFO": "/"})
    assert protocol.answer() == (201, None)
