"""What answers already: the broker, web with everything behind it, Flower."""

import asyncio
from base64 import b64encode
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException

from redis import RedisError

from models.settings import Settings
from web.up.environment import flower_auth
from web.up.preflight import FLOWER_HOST, address, ping

INTERVAL = 0.1  # seconds between two questions
TIMEOUT = 5  # seconds for one answer
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
