"""A server that speaks S3, in a process of its own, which can be stopped and go on."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import NamedTuple

from tests.runner.processes import free_port
from tests.waiting import wait_until

BUCKET_URL = "s3://linkmill-test/uploads"


class ObjectStore(NamedTuple):
    """A running server, and the settings that lead to it."""

    process: "subprocess.Popen[bytes]"
    port: int
    environment: dict[str, str]

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Let the server accept connections and answer nothing, as a host behind a broken network does."""
        os.kill(self.process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.process.pid, signal.SIGCONT)


@contextmanager
def running_object_store() -> Iterator[ObjectStore]:
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-p", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_until(lambda: listens(port))
            yield ObjectStore(process, port, _environment(port))
        finally:
            process.kill()


def _environment(port: int) -> dict[str, str]:
    return {
        "UPLOADS_URL": BUCKET_URL,
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }


def listens(port: int, host: str = "127.0.0.1") -> bool:
    try:
        with closing(socket.create_connection((host, port), timeout=1)):
            return True
    except OSError:
        return False
