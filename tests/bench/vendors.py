"""How fast a vendor's call is answered: a hundred links by one client and by several, and fifty thousand at once."""

import base64
import json
import socket
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from tests.bench.systems import ROUNDS, Figure, percentile, postgresql_system, time_call
from tests.system import System

LINKS, CALLS = 100, 200
DIFFERENT_CALLS = 20
CLIENTS, SECONDS = 8, 4.0
COUNT = 50_000
ALONE_MS, TOGETHER, COUNTED_MS = 25, 7_500, 1_000
END = b"\r\n\r\n"


def measure(folder: Path) -> list[Figure]:
    with postgresql_system(folder) as system:
        calls = prepare_calls(system)
        times = time_calls(system, calls)
        rates = [links_per_second(system, calls, CLIENTS) for _ in range(ROUNDS)]
        with _connected(system) as wire:
            counted = [time_call(lambda: _ask(wire, _counted(system))) * 1000 for _ in range(ROUNDS + 2)]
    return [_alone(times), _many(rates), _large(counted)]


def prepare_calls(system: System) -> list[bytes]:
    """Return some calls of a hundred links, ready to be sent."""
    return [_hundred(system, turn) for turn in range(DIFFERENT_CALLS)]


def time_calls(system: System, calls: list[bytes]) -> list[float]:
    """Return how many milliseconds each of many calls took, one after the other."""
    with _connected(system) as wire:
        times = [time_call(partial(_ask, wire, calls[turn % len(calls)])) * 1000 for turn in range(len(calls) + CALLS)]
    return times[len(calls) :]


def _hundred(system: System, turn: int) -> bytes:
    urls = [f"https://shop.example.com/products/{turn}/item-{row}?ref=mail" for row in range(LINKS)]
    links = [{"long": base64.b64encode(url.encode()).decode()} for url in urls]
    return _request(system, "POST /api/bulk", f"Authorization: Bearer {system.key['token']}", {"links": links})


def _counted(system: System) -> bytes:
    link = {"destination": "https://shop.example.com/sale", "domainId": system.key["domain_id"], "count": COUNT}
    return _request(system, "PUT /v1/links/bulk", f"apikey: {system.key['token']}", link)


def _request(system: System, what: str, key: str, body: object) -> bytes:
    """All bytes of a request: a client that builds them each time would be measured too."""
    text = json.dumps(body).encode()
    head = f"{what} HTTP/1.1\r\nHost: {urlsplit(system.url).netloc}\r\n{key}\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(text)}\r\n\r\n".encode() + text


@contextmanager
def _connected(system: System) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", urlsplit(system.url).port or 80), timeout=60) as wire:
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield wire


def _ask(wire: socket.socket, request: bytes) -> None:
    wire.sendall(request)
    held = b""
    while END not in held:
        held += _received(wire)
    head, _, body = held.partition(END)
    if b" 200 " not in head[:16]:
        raise RuntimeError(held)
    left = int(head.lower().partition(b"content-length:")[2].split()[0]) - len(body)
    while left > 0:
        left -= len(_received(wire))


def _received(wire: socket.socket) -> bytes:
    if not (got := wire.recv(1 << 20)):
        raise RuntimeError("the server has closed the connection")
    return got


def links_per_second(system: System, calls: list[bytes], clients: int) -> float:
    """Links a second of some clients, each with its next call as soon as the last one is answered."""
    done: list[int] = []
    until = time.monotonic() + SECONDS

    def call_on(first: int) -> None:
        with _connected(system) as wire:
            while time.monotonic() < until:
                _ask(wire, calls[(first + len(done)) % len(calls)])
                done.append(LINKS)

    threads = [threading.Thread(target=call_on, args=(place,)) for place in range(clients)]
    seconds = time_call(lambda: _run(threads))
    return sum(done) / seconds


def _run(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _alone(times: list[float]) -> Figure:
    middle, p99 = statistics.median(times), percentile(times, 0.99)
    what = f"AWSYS, {LINKS} links a call, 1 client, median"
    return Figure(what, f"{middle:.1f} ms", f"p99 {p99:.1f} ms", "", f"<= {ALONE_MS} ms", middle <= ALONE_MS)


def _many(rates: list[float]) -> Figure:
    rate = statistics.median(rates)
    what = f"the same, {CLIENTS} clients"
    return Figure(what, f"{rate:,.0f} links/s", "", "", f">= {TOGETHER:,} links/s", rate >= TOGETHER)


def _large(times: list[float]) -> Figure:
    middle = statistics.median(times)
    what = f"Rebrandly, {COUNT:,} links in one call, answer included"
    ours, worst = f"{middle:.0f} ms", f"worst {max(times):.0f} ms"
    return Figure(what, ours, worst, "", f"<= {COUNTED_MS:,} ms", middle <= COUNTED_MS)
