"""The queues of the broker, whichever that is: how many messages wait, and what is raised while it is away."""

from functools import cache
from typing import Any

from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from models import process_caches, settings
from producer.signals import broker, broker_options, celery_app


class BrokerAway(OSError):
    """The broker of BROKER_URL does not answer."""


def length(queue: str) -> int:
    """Return how many messages wait in a queue; raise when the broker is away."""
    if not settings.get().has_own_broker:
        return int(broker.client().llen(queue))  # the same answer in a single call
    with celery_app.app().pool.acquire(block=True) as connection:
        try:
            return _count(connection, queue)
        except away_errors() as error:
            connection.collect()  # the next one begins with a new connection
            raise BrokerAway(str(error)) from error


def is_empty(queue: str) -> bool:
    """Whether every message of a queue was taken or lost; raise when the broker is away."""
    return length(queue) == 0


def _count(connection: Any, queue: str) -> int:
    connection.ensure_connection(**broker_options.RETRY_ONCE)
    with connection.channel() as channel:
        try:
            return int(channel.queue_declare(queue=queue, passive=True).message_count)
        except _channel_errors():
            return 0  # no node has declared it yet


@process_caches.function
@cache
def away_errors() -> tuple[type[Exception], ...]:
    """Return what is raised while the broker is away."""
    connection = _unused_connection()
    return (OperationalError, RedisError, OSError, *connection.connection_errors, *connection.channel_errors)


@process_caches.function
@cache
def _channel_errors() -> tuple[type[Exception], ...]:
    return tuple(_unused_connection().channel_errors)


def _unused_connection() -> Any:
    """Return a connection that knows its transport, and is not opened."""
    return celery_app.app().connection_for_write()
