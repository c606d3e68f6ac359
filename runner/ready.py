"""What answers already: the broker, web with everything behind it, each node of workers, Flower."""

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
from runner.preflight import FLOWER_HOST, address, client, ping
from runner.procfile import Entry

INTERVAL = 0.1  # seconds between two questions
TIMEOUT = 5  # seconds for one answer
NODE = re.compile(r" worker .*-n (\S+)@%h")
ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}


async def until(answers: Callable[[Settings], bool], settings: Settings, stop: asyncio.Event) -> None:
    while not stop.is_set() and not await asyncio.to_thread(answers, settings):
        await asyncio.sleep(INTERVAL)


def broker(settings: Settings) -> bool:
    try:
        ping(settings.redis_url)
    except (RedisError, OSError):
        return False
    return True


def web(settings: Settings) -> bool:
    numeric = address(settings.host)
    return _is_ok(ANYWHERE.get(numeric, numeric), settings.port, "/readyz")


def nodes(entries: Iterable[Entry]) -> Callable[[Settings], bool]:
    """Whether every node that is started here has done something: those that give way to others start later."""
    names = [found[1] for entry in entries if (found := NODE.search(entry.command))]
    beats = [f"{BEAT_PREFIX}{name}@{socket.gethostname()}" for name in names]

    def heard(settings: Settings) -> bool:
        try:
            with client(settings.redis_url) as broker:
                return not beats or broker.exists(*beats) == len(beats)
        except (RedisError, OSError):
            return False

    return heard


def flower(settings: Settings) -> bool:
    pair = b64encode(flower_auth(settings).encode()).decode()
    return _is_ok(FLOWER_HOST, settings.flower_port, "/healthcheck", {"Authorization": f"Basic {pair}"})


def _is_ok(host: str, port: int, path: str, headers: dict[str, str] | None = None) -> bool:
    connection = HTTPConnection(host, port, timeout=TIMEOUT)
    try:
        connection.request("GET", path, headers=headers or {})
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
