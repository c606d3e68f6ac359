"""Requests for random short links: by wrk where it is installed, else by threads."""

import json
import random
import shutil
import socket
import subprocess
import threading
import time
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from tests.bench.systems import percentile

CONNECTIONS = 64
WRK = shutil.which("wrk")
SCRIPT = """
local slugs = {}
for line in io.lines("%(slugs)s") do slugs[#slugs + 1] = line end
local thread = 0
function setup(it) it:set("seed", thread); thread = thread + 1 end
function init() math.randomseed(os.time() * 10 + seed) end
function request() return wrk.format("GET", "/" .. slugs[math.random(#slugs)]) end
function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  print(string.format('{"requests": %%d, "seconds": %%f, "p99_ms": %%f, "failed": %%d}', summary.requests,
    summary.duration / 1e6, latency:percentile(99) / 1e3, failed))
end
"""


class Load(NamedTuple):
    requests: int
    seconds: float
    p99_ms: float
    failed: int

    @property
    def rate(self) -> float:
        return self.requests / self.seconds


def run(url: str, slugs: Path, seconds: float) -> Load:
    """Send requests on every connection as fast as possible."""
    return _wrk(url, slugs, seconds) if WRK else _threads(url, slugs, seconds)


def _wrk(url: str, slugs: Path, seconds: float) -> Load:
    script = slugs.with_suffix(".lua")
    script.write_text(SCRIPT % {"slugs": slugs})
    command = [str(WRK), "-t2", f"-c{CONNECTIONS}", f"-d{seconds:.0f}s", "--timeout", "10s", "-s", str(script), url]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return Load(**json.loads(output.splitlines()[-1]))


def _threads(url: str, slugs: Path, seconds: float) -> Load:
    known, until = slugs.read_text().split(), time.monotonic() + seconds
    times: list[float] = []
    failed: list[str] = []
    arguments = (url, known, until, times, failed)
    threads = [threading.Thread(target=_follow, args=arguments) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Load(len(times), seconds, percentile(times, 0.99) * 1000, len(failed))


def _follow(url: str, slugs: list[str], until: float, times: list[float], failed: list[str]) -> None:
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname or "", parts.port or 80), 10) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while time.monotonic() < until:
            start = time.perf_counter()
            connection.sendall(f"GET /{random.choice(slugs)} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode())
            answer = b""
            while b"\r\n\r\n" not in answer and (more := connection.recv(4096)):
                answer += more
            times.append(time.perf_counter() - start)
            if b" 302 " not in answer[:20]:
                failed.append(answer.decode())
