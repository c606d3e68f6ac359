"""Questions about what is ready: the broker, web with everything behind it, each node of workers, Flower."""

import asyncio
import json
import re
import socket
from base64 import b64encode
from collections.abc import Callable, Iterable
from http.client import HTTPConnection, HTTPException
from typing import NamedTuple

from redis import RedisError

from models.settings import Settings
from producer.signals.broker import BEAT_PREFIX
from runner.environment import flower_auth
from runner.preflight import FLOWER_HOST, connect_to_broker, numeric_address, ping
from runner.procfile import WEB, Entry

POLL_SECONDS = 0.1
ANSWER_SECONDS = 5
NODE = re.compile(r" worker .*-n (\S+)@%h")
LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""Where to ask a server that listens on every address."""
MOST_BYTES = 1 << 16


class Answer(NamedTuple):
    status: int
    body: bytes


NO_ANSWER = Answer(0, b"")


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


def web(entries: Iterable[Entry]) -> Callable[[Settings], bool]:
    """Return a question: is web ready, or does it miss nothing but workers, and none are started here?"""
    names = {entry.name for entry in entries}
    alone = not _node_names(entries)

    def is_ready(settings: Settings) -> bool:
        if WEB not in names:
            return True
        address = numeric_address(settings.host)
        answer = _get(LOOPBACK.get(address, address), settings.port, "/readyz")
        return answer.status == 200 or (alone and _misses_only_workers(answer.body))

    return is_ready


def _misses_only_workers(body: bytes) -> bool:
    try:
        states = json.loads(body)
        return bool(states["database"] == states["broker"] == states["uploads"] == "ok")
    except (ValueError, KeyError, TypeError):
        return False


def nodes(entries: Iterable[Entry]) -> Callable[[Settings], bool]:
    """Return a question: has every node that is started here done a task? Niced nodes start later than others."""
    names = _node_names(entries)
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


def _node_names(entries: Iterable[Entry]) -> list[str]:
    return [match[1] for entry in entries if (match := NODE.search(entry.command))]


def flower(settings: Settings) -> bool:
    credentials = b64encode(flower_auth(settings).encode()).decode()
    headers = {"Authorization": f"Basic {credentials}"}
    return _get(FLOWER_HOST, settings.flower_port, "/healthcheck", headers).status == 200


def _get(host: str, port: int, path: str, headers: dict[str, str] | None = None) -> Answer:
    connection = HTTPConnection(host, port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", path, headers=headers or {})
        response = connection.getresponse()
        return Answer(response.status, response.read(MOST_BYTES))
    except (OSError, HTTPException):
        return NO_ANSWER
    finally:
        connection.close()
