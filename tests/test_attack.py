"""The attacks of tests/attack, smaller: strangers are disconnected and stop nobody; with nginx in front too."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Event, Thread

import pytest

from tests.attack import attacks, crowd, probes, proxy
from tests.attack.attacks import Target
from tests.attack.crowd import Attack, Outcome
from tests.system import System
from tests.waiting import wait_until
from tests.web.commands import new_key
from web.slow_clients.places import uploads

PROCESSES = 2
CLIENTS = 60  # more than the places of strangers, and of a key, in all processes
ROUNDS = 10
LONGEST_SECONDS = 30.0
"""Longer than any of the limits in web/slow_clients; a busy machine needs some time more."""

# The store makes no difference to these.
pytestmark = pytest.mark.parametrize("system", ["sqlite"], indirect=True)


@pytest.fixture
def slug(system: System) -> str:
    return str(system.post({"url": "https://a.b/"}, "/api/links").raise_for_status().json()["slug"])


def target_of(system: System) -> Target:
    token = system.key["token"]
    slug = system.post({"url": "https://a.b/", "password": "sesame"}, "/api/links").raise_for_status().json()["slug"]
    host = system.url.removeprefix("http://")
    return Target(host, token, token, "/api/jobs/1/results.csv", f"/{slug}")


class Crowd:
    """Clients that attack in a thread of their own."""

    def __init__(self, attack: Attack, port: int) -> None:
        self.over = Event()
        self.outcome = Outcome(0, 0.0)
        self.thread = Thread(target=self._run, args=(attack, port))
        self.thread.start()

    def _run(self, attack: Attack, port: int) -> None:
        self.outcome = crowd.run(attack, port, self.over)

    def end(self) -> Outcome:
        self.over.set()
        self.thread.join()
        return self.outcome


def test_slow_clients_stop_nobody_and_are_disconnected(system: System, slug: str) -> None:
    assert uploads.workspaces.each * PROCESSES < CLIENTS
    port = int(system.environment["PORT"])
    target = target_of(system)
    other = new_key(system, "--workspace", "others", "--plan", "enterprise")["token"]
    calls = [probes.redirect(port, slug, target.host), probes.new_link(port, other, target.host)]
    with ExitStack() as crowds:
        started = time.monotonic()
        for attack in (
            attacks.silent(2 * CLIENTS),
            attacks.slow_headers(target, CLIENTS),
            attacks.slow_forms(target, CLIENTS),
            attacks.stalled_forms(target, CLIENTS),
            attacks.slow_uploads(target, CLIENTS),
            attacks.slow_passwords(target, CLIENTS),
        ):
            crowds.callback(check_disconnected, Crowd(attack, port))
        while time.monotonic() < started + LONGEST_SECONDS - 5:
            for call in calls:
                call()
                time.sleep(0.2)


def check_disconnected(attackers: Crowd) -> None:
    outcome = attackers.end()
    assert outcome.ended >= CLIENTS
    assert outcome.longest < LONGEST_SECONDS


@pytest.fixture
def nginx_port(system: System, tmp_path: Path) -> Iterator[int]:
    with proxy.nginx(tmp_path, int(system.environment["PORT"]), system.url.removeprefix("http://")) as port:
        yield port


def test_the_nginx_file_serves_redirects_calls_and_uploads(nginx_port: int, system: System, slug: str) -> None:
    host = system.url.removeprefix("http://")
    probes.redirect(nginx_port, slug, host)()
    probes.new_link(nginx_port, system.key["token"], host)()
    headers = {"Host": host, "Content-Type": "text/csv", "Authorization": f"Bearer {system.key['token']}"}
    rows = b"url\n" + b"https://a.b/\n" * 100_000  # more than nginx keeps in memory
    assert probes.request(nginx_port, "POST", "/api/jobs", headers, rows).status == 202
    assert probes.request(nginx_port, "GET", "/metrics", {"Host": host}).status == 403


def test_nginx_refuses_more_connections_of_one_address(nginx_port: int, system: System, slug: str) -> None:
    request = f"GET /{slug} HTTP/1.1\r\nHost: {system.url.removeprefix('http://')}\r\n".encode()
    with ExitStack() as connections:
        for _ in range(101):
            connection = connections.enter_context(socket.create_connection(("127.0.0.1", nginx_port)))
            connection.sendall(f"POST /{slug} HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n".encode())
        # One process of nginx may count a connection later than another one accepts the next.
        wait_until(lambda: receive_answer(nginx_port, request + b"\r\n").startswith(b"HTTP/1.1 429"))


def receive_answer(port: int, request: bytes) -> bytes:
    """The beginning of the answer to a request on a connection of its own."""
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(request)
        return connection.recv(100)
