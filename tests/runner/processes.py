"""The runner under small Procfiles, and what its processes and its output show."""

import json
import shlex
import socket
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psutil
from redis import Redis, RedisError

from models.settings import socket_path

PATIENCE_SECONDS = 30
BROKER = "broker: python -m runner.broker\n"
SLEEPER = "toy: sleep 1000\n"

ANSWERING = """
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

class Ok(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

HTTPServer(("127.0.0.1", int(sys.argv[1])), Ok).serve_forever()
"""

STUBBORN = """
import signal, subprocess, sys, time
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
    signal.signal(number, signal.SIG_IGN)
subprocess.Popen(["sleep", "1000"])
subprocess.Popen(["sleep", "1000"], start_new_session=True)
print("settled")
time.sleep(1000)
"""

StartRunner = Callable[..., "subprocess.Popen[str]"]


def answering(folder: Path) -> str:
    """A Procfile whose web and Flower answer, so that the runner says it is ready."""
    program = python(folder / "answering.py")
    return f"web: {program} ${{PORT}}\nflower: {program} ${{FLOWER_PORT}}\n"


def stubborn(folder: Path) -> str:
    """A Procfile whose process ignores signals and has children, one in a session of its own."""
    return f"stubborn: {python(folder / 'stubborn.py')}\n"


def says_goodbye(name: str) -> str:
    return f"""{name}: sh -c 'trap "echo goodbye; exit" TERM; echo hello; while :; do sleep 0.05; done'\n"""


def python(path: Path) -> str:
    return f"python {shlex.quote(str(path))}"


def read_stdout(folder: Path) -> str:
    return (folder / "out").read_text()


def read_stderr(folder: Path) -> str:
    return (folder / "err").read_text()


def read_log(folder: Path) -> list[tuple[str, str]]:
    """Return the process and the event of each line."""
    lines = [json.loads(line) for line in read_stderr(folder).splitlines()]
    return [(line["process"], line["event"]) for line in lines]


def is_ready(folder: Path) -> bool:
    return "first API key" in read_stdout(folder)


def stop(runner: "subprocess.Popen[str]") -> None:
    runner.terminate()
    assert runner.wait(PATIENCE_SECONDS) == 0


def assert_refused(runner: "subprocess.Popen[str]", folder: Path, reason: str) -> None:
    """The runner has ended with one line on stderr, which shows no password."""
    assert runner.wait(PATIENCE_SECONDS) == 1
    (line,) = read_stderr(folder).splitlines()
    assert line.startswith(reason)
    assert "secret" not in line
    assert "cret" not in line
    assert read_stdout(folder) == ""


def living_processes(data_dir: Path) -> list[psutil.Process]:
    """What runs under the mark of a runner of this DATA_DIR."""
    processes = []
    for process in psutil.process_iter():
        try:
            mark = process.environ().get("LINKMILL_RUN", "")
        except (psutil.Error, OSError):
            continue
        if mark.endswith(f" {data_dir}"):
            processes.append(process)
    return processes


def connect(data_dir: Path) -> Redis:
    return Redis(unix_socket_path=str(socket_path(data_dir)))


def answers(client: Redis) -> bool:
    try:
        return bool(client.ping())
    except (RedisError, OSError):
        return False


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        return int(server.getsockname()[1])
