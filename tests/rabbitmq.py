"""A RabbitMQ of Debian's package `rabbitmq-server`, in a folder of its own, which can be killed and started again."""

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.system import free_port
from tests.waiting import wait_until

PROGRAM = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
MISSING = "RabbitMQ is not installed: apt-get install rabbitmq-server"
START_SECONDS = 90.0
STOP_SECONDS = 20.0
CONFIGURATION = """
loopback_users = none
log.console = false
"""


def is_installed() -> bool:
    return PROGRAM.exists()


class RabbitMQ:
    """A server, and the one that knows the ports of Erlang's nodes, which it needs."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        (folder / "rabbitmq.conf").write_text(CONFIGURATION)
        (folder / "plugins").write_text("[].")
        self.folder = folder
        self.port = free_port()
        self.environment = _environment(folder, self.port, free_port(), free_port())
        self.server: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    def start(self) -> None:
        with (self.folder / "out").open("ab") as out:
            self.server = subprocess.Popen(
                [PROGRAM], env=self.environment, stdout=out, stderr=out, start_new_session=True
            )
        wait_until(self._listens, START_SECONDS, lambda: f"RabbitMQ: {(self.folder / 'out').read_text()[-2000:]}")

    def kill(self) -> None:
        """End it at once, with what it has started. What it has promised to keep is on the disk."""
        if self.server:
            os.killpg(self.server.pid, 9)
            self.server.wait(STOP_SECONDS)
            self.server = None

    def _listens(self) -> bool:
        with closing(socket.socket()) as client:
            return client.connect_ex(("127.0.0.1", self.port)) == 0


@contextmanager
def running_rabbitmq(folder: Path) -> Iterator[RabbitMQ]:
    rabbitmq = RabbitMQ(folder)
    ports = subprocess.Popen(["epmd", "-port", rabbitmq.environment["ERL_EPMD_PORT"], "-address", "127.0.0.1"])
    try:
        rabbitmq.start()
        yield rabbitmq
    finally:
        rabbitmq.kill()
        ports.kill()
        ports.wait(STOP_SECONDS)


def _environment(folder: Path, port: int, distribution_port: int, names_port: int) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "ERL_EPMD_PORT": str(names_port),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODENAME": f"test{port}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(distribution_port),
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq"),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "none"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1",
    }
