"""What must be true before anything starts: ports that are free, a database and a broker that answer."""

import re
import socket
from contextlib import ExitStack

from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy import NullPool, create_engine
from sqlalchemy.exc import ArgumentError, DBAPIError

from models.accounts import plans
from models.errors import SettingsError
from models.settings import Settings
from web.visitors import texts

FLOWER_HOST = "127.0.0.1"
PATIENCE = 5  # seconds that a server of the user's own may take to answer


def check(settings: Settings) -> None:
    plans.table()
    texts.known()
    _ports_are_free(settings)
    if not settings.database_url.startswith("sqlite:"):
        _database_answers(settings.database_url)
    if not settings.redis_embedded:
        _broker_answers(settings.redis_url)


def address(host: str) -> str:
    """The numeric address that a host's name stands for: the web server takes no names."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        raise SettingsError(f"HOST={host!r}: expected an address of this machine") from None
    *_, numeric = min(found, key=lambda entry: entry[0] != socket.AF_INET)
    return str(numeric[0])


def client(url: str) -> Redis:
    return Redis.from_url(url, socket_connect_timeout=PATIENCE, socket_timeout=PATIENCE, retry=Retry(NoBackoff(), 0))


def ping(url: str) -> None:
    """Returns when the broker answers; raises RedisError or ValueError when it does not."""
    with client(url) as broker:
        broker.ping()


def masked(url: str) -> str:
    url = re.sub(r"//([^/:@]*):.*@", r"//\1:***@", url)
    return re.sub(r"(?i)(password=)[^&]*", r"\1***", url)


def _ports_are_free(settings: Settings) -> None:
    with ExitStack() as held:
        # All are held until the last is tried, or two settings could name the same port.
        for name, host, port in (
            ("PORT", settings.host, settings.port),
            ("FLOWER_PORT", FLOWER_HOST, settings.flower_port),
        ):
            held.enter_context(_bound(name, host, port))


def _bound(name: str, host: str, port: int) -> socket.socket:
    numeric = address(host)
    holder = socket.socket(socket.AF_INET6 if ":" in numeric else socket.AF_INET)
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        holder.bind((numeric, port))
        holder.listen(1)  # two sockets may be bound to a port with SO_REUSEADDR, but only one listens
    except OSError as error:
        holder.close()
        raise SettingsError(f"{name}={port}: cannot listen on {host} port {port}: {error.strerror}") from None
    return holder


def _database_answers(url: str) -> None:
    try:
        engine = create_engine(url, poolclass=NullPool, connect_args={"connect_timeout": PATIENCE})
        engine.connect().close()
    except (ArgumentError, ValueError):
        raise SettingsError(f"DATABASE_URL={masked(url)!r}: not an address that can be read") from None
    except DBAPIError as error:
        raise SettingsError(f"DATABASE_URL={masked(url)!r}: the database does not answer: {error.orig}") from None


def _broker_answers(url: str) -> None:
    try:
        ping(url)
    except ValueError:
        raise SettingsError(f"REDIS_URL={masked(url)!r}: not an address that can be read") from None
    except (RedisError, OSError) as error:
        raise SettingsError(f"REDIS_URL={masked(url)!r}: the broker does not answer: {error}") from None
