"""Questions about what is ready: the broker, web with everything behind it, each node of workers, Flower."""

import asyncio
import re
import socket
from base64 import b64encode
from collections.abc import Callable, Iterable
from http.client import HTTPConnection, HTTPException

from redis import RedisError

from models.settings import Settings
from producer.signals.broker import BEAT_PREFIX
from runner.environment import flower_auth
from runner.preflight import FLOWER_HOST, connect_to_broker, numeric_address, ping
from runner.procfile import Entry

POLL_SECONDS = 0.1
ANSWER_SECONDS = 5
NODE = re.compile(r" worker .*-n (\S+)@%h")
LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""Where to ask a server that listens on every address."""


async def wait_until(is_ready: Callable[[Settings], bool], settings: Settings, stop: asyncio.Event) -> None:
    """Ask until the answer is yes, or until the runner is to stop."""
    while not stop.is_set() and not await asyncio.to_thread(is_ready, settings):
        await asyncio.sleep(POLL_SECONDS)


def broker(settings: Settings) -> bool:
    try:
        ping(settings.redis_url)
    except (RedisError, OSError):
        return False
    return True


def web(settings: Settings) -> bool:
    address = numeric_address(settings.host)
    return _answers_ok(LOOPBACK.get(address, address), settings.port, "/readyz")


def nodes(entries: Iterable[Entry]) -> Callable[[Settings], bool]:
    """Return a question: has every node of the Procfile done a task? Niced nodes start later than others."""
    names = [match[1] for entry in entries if (match := NODE.search(entry.command))]
    keys = [f"{BEAT_PREFIX}{name}@{socket.gethostname()}" for name in names]

    def all_alive(settings: Settings) -> bool:
        if not keys:
            return True
        try:
            with connect_to_broker(settings.redis_url) as client:
                return bool(client.exists(*keys) == len(keys))
        except (RedisError, OSError):
            return False

    return all_alive


def flower(settings: Settings) -> bool:
    credentials = b64encode(flower_auth(settings).encode()).decode()
    headers = {"Authorization": f"Basic {credentials}"}
    return _answers_ok(FLOWER_HOST, settings.flower_port, "/healthcheck", headers)


def _answers_ok(host: str, port: int, path: str, headers: dict[str, str] | None = None) -> bool:
    connection = HTTPConnection(host, port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", path, headers=headers or {})
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
