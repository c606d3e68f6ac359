"""Questions about what is ready: only the right answer is a yes, and silence is a no."""

import asyncio
import json
import socket
from base64 import b64decode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from models import settings
from models.settings import Settings
from producer.signals import broker
from producer.signals.broker import Beat
from runner import preflight, ready
from runner.procfile import Entry
from tests.fixtures.fake_redis import FakeRedis
from tests.runner.processes import free_port

ENTRIES = [
    Entry("web", "granian web:create_app --workers 2"),
    Entry("bulk", "celery -A workers.app worker -n bulk@%h -Q bulk -c 2"),
    Entry("callers", "nice -n 5 celery -A workers.app worker -n callers@%h -Q deliver"),
    Entry("flower", "nice -n 5 celery -A workers.app flower"),
]


class Server(HTTPServer):
    """Answers one request with this status, and keeps what it asked for."""

    timeout = 5
    status = 200
    body = b""
    path = ""
    host = ""
    credentials = ""


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.path = self.path
        self.server.host = self.headers["Host"]
        self.server.credentials = self.headers.get("Authorization", "")
        self.send_response(self.server.status)
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, *arguments: object) -> None:
        pass


@contextmanager
def answering(status: int, body: bytes = b"") -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as server:
        server.status = status
        server.body = body
        thread = Thread(target=server.handle_request)
        thread.start()
        yield server
        thread.join()


def load(tmp_path: Path, port: int, host: str = "127.0.0.1") -> Settings:
    ports = {"PORT": str(port), "FLOWER_PORT": str(port)}
    return settings.load({"DATA_DIR": str(tmp_path), "HOST": host, "FLOWER_BASIC_AUTH": "ops:secret", **ports})


@pytest.mark.parametrize(("status", "is_ready"), [(200, True), (204, False), (503, False)])
def test_web_is_ready_when_it_says_so(tmp_path: Path, status: int, is_ready: bool) -> None:
    with answering(status) as server:
        assert ready.web(ENTRIES)(load(tmp_path, server.server_port)) is is_ready
    assert server.path == "/readyz"


@pytest.mark.parametrize(
    ("entries", "broker_state", "is_ready"),
    [(ENTRIES[:1], "ok", True), (ENTRIES[:1], "does not answer", False), (ENTRIES, "ok", False)],
)
def test_web_alone_is_ready_without_workers(
    tmp_path: Path, entries: list[Entry], broker_state: str, is_ready: bool
) -> None:
    states = {
        "status": "unavailable",
        "database": "ok",
        "broker": broker_state,
        "uploads": "ok",
        "workers": "no heartbeat",
    }
    with answering(503, json.dumps(states).encode()) as server:
        assert ready.web(entries)(load(tmp_path, server.server_port)) is is_ready


def test_without_web_nobody_is_asked(tmp_path: Path) -> None:
    assert ready.web(ENTRIES[1:])(load(tmp_path, free_port()))


def test_a_web_server_on_every_address_is_asked_on_this_machine(tmp_path: Path) -> None:
    with answering(200) as server:
        assert ready.web(ENTRIES)(load(tmp_path, server.server_port, "0.0.0.0"))
    assert server.host == f"127.0.0.1:{server.server_port}"


def test_flower_is_asked_with_its_password(tmp_path: Path) -> None:
    with answering(200) as server:
        assert ready.flower(load(tmp_path, server.server_port))
    assert server.path == "/healthcheck"
    assert b64decode(server.credentials.removeprefix("Basic ")) == b"ops:secret"


def test_a_port_where_nothing_listens_is_not_ready(tmp_path: Path) -> None:
    assert not ready.web(ENTRIES)(load(tmp_path, free_port()))


def test_an_answer_that_is_not_http_is_not_ready(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        server.settimeout(5)

        def answer() -> None:
            with server.accept()[0] as connection:
                connection.sendall(b"220 mail\r\n")
                connection.recv(1000)

        thread = Thread(target=answer)
        thread.start()
        assert not ready.web(ENTRIES)(load(tmp_path, server.getsockname()[1]))
        thread.join()


def test_the_broker_is_ready_when_it_answers(
    tmp_path: Path, fake_redis: FakeRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preflight, "connect_to_broker", lambda url: fake_redis.client)
    assert ready.broker(load(tmp_path, 1))
    with fake_redis.away():
        assert not ready.broker(load(tmp_path, 1))


def test_nodes_are_ready_when_each_has_done_a_task(
    tmp_path: Path, fake_redis: FakeRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ready, "connect_to_broker", lambda url: fake_redis.client)
    are_ready = ready.nodes(ENTRIES)
    assert not are_ready(load(tmp_path, 1))
    broker.record_beat(f"bulk@{socket.gethostname()}", Beat("1"))
    broker.record_beat("callers@another-host", Beat("1"))
    assert not are_ready(load(tmp_path, 1))
    broker.record_beat(f"callers@{socket.gethostname()}", Beat("1"))
    assert are_ready(load(tmp_path, 1))
    with fake_redis.away():
        assert not are_ready(load(tmp_path, 1))


def test_a_procfile_without_workers_waits_for_none(tmp_path: Path) -> None:
    assert ready.nodes([ENTRIES[0], ENTRIES[3]])(load(tmp_path, 1))


@pytest.mark.parametrize("stops_at", [3, None])
def test_the_runner_asks_until_the_answer_is_yes_or_it_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stops_at: int | None
) -> None:
    monkeypatch.setattr(ready, "POLL_SECONDS", 0)
    questions = 0

    async def wait() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()

        def is_ready(settings: Settings) -> bool:
            nonlocal questions
            questions += 1
            if questions == stops_at:
                loop.call_soon_threadsafe(stop.set)
            return questions == 5

        await ready.wait_until(is_ready, load(tmp_path, 1), stop)

    # In a thread of its own: the browser of other tests keeps an event loop in this one.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(wait())).result()
    assert questions == (stops_at or 5)
