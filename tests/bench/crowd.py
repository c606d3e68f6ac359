"""Many watchers of one job, in a process of their own: `python -m tests.bench.crowd HOST PORT TOKEN COUNT`.

It reads the path to watch, prints `here` when all have their first event, and at the end when each received which count
of rows. It starts before the job: the start of a Python process is not a cost of watching.
"""

import json
import re
import selectors
import socket
import subprocess
import sys
import time
from typing import NamedTuple

from tests import ROOT
from tests.system import System

LAST_CHUNK = b"0\r\n\r\n"
PROCESSED = re.compile(rb'"processed":(\d+)')


class Sight(NamedTuple):
    """When a watcher received an event, and its count of rows."""

    at: float
    processed: int


class Crowd:
    """The process; it ends when its job has ended, or when it is stopped."""

    def __init__(self, system: System, count: int) -> None:
        address = [*system.url.removeprefix("http://").split(":"), system.key["token"]]
        command = [sys.executable, "-m", "tests.bench.crowd", *address, str(count)]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True)
        self._hear("ready")

    def watch(self, job_id: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(f"/api/jobs/{job_id}/events\n")
        self.process.stdin.flush()

    def here(self) -> None:
        self._hear("here")

    def sights(self) -> list[list[Sight]]:
        assert self.process.stdout
        said = self.process.stdout.read()  # not `communicate`: that passes over what came together with «here»
        self.process.wait(120)
        return [[Sight(*seen) for seen in one] for one in json.loads(said)]

    def leave(self) -> None:
        self.process.terminate()
        self.process.communicate()

    def _hear(self, word: str) -> None:
        assert self.process.stdout
        if self.process.stdout.readline() != f"{word}\n":
            raise RuntimeError(f"the watchers were never {word}")


def main(host: str, port: str, token: str, count: str) -> None:
    print("ready", flush=True)
    path = sys.stdin.readline().strip()
    asked = f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    selector = selectors.DefaultSelector()
    heard: list[list[tuple[float, bytes]]] = []
    for _ in range(int(count)):
        one = socket.create_connection(("127.0.0.1", int(port)))
        one.sendall(asked)
        heard.append([])
        selector.register(one, selectors.EVENT_READ, heard[-1])
    _listen(selector, heard)
    print(json.dumps([_sights(one) for one in heard]))


def _listen(selector: selectors.BaseSelector, heard: list[list[tuple[float, bytes]]]) -> None:
    """Only store what arrives: the watchers share the cores with what they watch."""
    told = False
    while selector.get_map():
        for key, _ in selector.select():
            assert isinstance(key.fileobj, socket.socket)
            part = key.fileobj.recv(1 << 16)
            key.data.append((time.time(), part))
            if not part or part.endswith(LAST_CHUNK):
                selector.unregister(key.fileobj)
        if not told and all(any(b"event: " in part for _, part in one) for one in heard):
            told = True
            print("here", flush=True)


def _sights(parts: list[tuple[float, bytes]]) -> list[tuple[float, int]]:
    return [(at, int(count)) for at, part in parts for count in PROCESSED.findall(part)]


if __name__ == "__main__":
    main(*sys.argv[1:])
