"""Changes of links, announced to every web process, so that none goes on redirecting to where a link led before."""

import json
import time
from collections.abc import Callable, Collection
from threading import Thread
from typing import Any
from uuid import uuid4

import structlog
from redis.exceptions import RedisError

from models.link_key import LinkName
from producer.signals import broker

ACKNOWLEDGED_PREFIX = "linkmill:links-changed:acknowledged:"
ACKNOWLEDGED_SECONDS = 10
MOST_SECONDS = 0.5
"""How long a change waits for processes that may have ended."""
MOST_NAMED = 100
"""Links in one announcement; more of them are announced as "all"."""
LISTEN_SECONDS = 1.0
WARNING_SECONDS = 60.0
"""Between two lines of the log about an outage."""

Forget = Callable[[Collection[LinkName] | None], None]
"""Called for links that have changed, with None when any link may have."""

log = structlog.get_logger()


def channel() -> str:
    """Name the channel by the database of the broker: Redis sends a message to listeners in all of its databases.

    Another installation may use one of those. It would never acknowledge a change of ours.
    """
    database = broker.client().connection_pool.connection_kwargs.get("db") or 0
    return f"linkmill:links-changed:{database}"


def announce(names: Collection[LinkName]) -> None:
    """Announce that these links have changed, and wait until every process has acknowledged it."""
    key = f"{ACKNOWLEDGED_PREFIX}{uuid4().hex}"
    message = {"key": key, "links": list(names) if len(names) <= MOST_NAMED else None}
    try:
        listeners = broker.client().publish(channel(), json.dumps(message))
        _wait_for(key, listeners)
    except (RedisError, OSError) as error:
        log.warning("link_changes_not_announced", reason=error)


def _wait_for(key: str, listeners: int) -> None:
    deadline = time.monotonic() + MOST_SECONDS
    for _ in range(listeners):
        seconds = deadline - time.monotonic()
        if seconds <= 0 or broker.client().blpop([key], timeout=seconds) is None:
            log.warning("link_changes_not_acknowledged")
            return


def listen(forget: Forget) -> None:
    """Call a function for all links that change from now on."""
    Thread(target=_listen, args=(forget,), name="link-changes", daemon=True).start()


def _listen(forget: Forget) -> None:
    next_warning = 0.0
    while True:
        try:
            _receive(forget)
        except Exception as error:  # the broker is away, or the connection was cut
            now = time.monotonic()
            if now >= next_warning:
                next_warning = now + WARNING_SECONDS
                log.warning("link_changes_not_received", reason=error)
        forget(None)
        time.sleep(LISTEN_SECONDS)


def _receive(forget: Forget) -> None:
    pubsub: Any = broker.client().pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
    with pubsub:
        pubsub.subscribe(channel())
        forget(None)
        while True:
            message = pubsub.get_message(timeout=LISTEN_SECONDS)
            if message:
                _take(json.loads(message["data"]), forget)


def _take(message: dict[str, Any], forget: Forget) -> None:
    names = message["links"]
    forget(None if names is None else [(domain_id, slug) for domain_id, slug in names])
    pipeline = broker.client().pipeline()
    pipeline.rpush(message["key"], 1)
    pipeline.expire(message["key"], ACKNOWLEDGED_SECONDS)
    pipeline.execute()
