"""How Celery reaches the broker of BROKER_URL: the URL as Celery writes it, and the options of its transport."""

from typing import Any

from models import redis_url
from models.settings import Settings
from producer.signals import broker

SOCKET_SECONDS = 5
CONNECT_SECONDS = 1.5  # of AMQP, with its six steps
ANSWER_SECONDS = 0.7  # a request that posts a job waits for a hanging broker once or twice for so long
VISIBILITY_SECONDS = 600
AMQP = ("amqp://", "amqps://", "pyamqp://", "pyamqps://")
# A publisher does not wait for a broker that is down: the sweep sends the wake-up later. A connection that RabbitMQ has
# closed is noticed by the first message only, so that is sent once more.
RETRY_ONCE = {"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0}


def celery_url(url: str) -> str:
    """Return a URL of BROKER_URL as Celery writes it."""
    if redis_url.is_sentinel(url):
        return redis_url.parse_sentinel(url).celery_url()
    return url.replace("unix://", "redis+socket://", 1)


def transport_options(settings: Settings, keepalive: dict[int, int]) -> dict[str, Any]:
    """Return the options of the transport, with limits of time for all that it waits for."""
    if settings.broker_url.startswith(AMQP):
        return {
            "connect_timeout": CONNECT_SECONDS,
            "read_timeout": ANSWER_SECONDS,
            "write_timeout": ANSWER_SECONDS,
            "confirm_publish": True,
            "max_retries": 0,
            "socket_settings": keepalive,
        }
    if not settings.broker_is_redis:
        return {"visibility_timeout": VISIBILITY_SECONDS, "max_retries": 0}
    options: dict[str, Any] = {
        "visibility_timeout": VISIBILITY_SECONDS,
        "socket_timeout": ANSWER_SECONDS,  # not for a worker's blocking read, which the event loop does
        "socket_connect_timeout": SOCKET_SECONDS,
        "socket_keepalive": not settings.broker_url.startswith("unix://"),
        "socket_keepalive_options": keepalive,
        "health_check_interval": 10,
        "retry_on_timeout": False,
        "max_retries": 0,
    }
    if redis_url.is_sentinel(settings.broker_url):
        options["sentinel_kwargs"] = broker.sentinel_options()
        options["master_name"] = redis_url.parse_sentinel(settings.broker_url).master
    return options
