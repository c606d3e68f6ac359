"""Checks before anything starts: readable files, free ports, a database and a broker that answer."""

import errno
import re
import socket
import sys
from collections.abc import Collection
from contextlib import ExitStack

from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy import Connection, NullPool, create_engine
from sqlalchemy.exc import ArgumentError, DBAPIError

from models import budget, sealing, settings
from models.accounts import plans
from models.errors import SettingsError, Unavailable
from models.settings import Settings
from models.store import connection_limits
from producer.intake import upload_store
from producer.signals import broker, celery_app, queues
from runner import output
from runner.output import RUNNER
from runner.procfile import FLOWER, WEB
from web.visitors import texts

FLOWER_HOST = "127.0.0.1"
ANSWER_SECONDS = 5  # for a server that the user runs
WARNING = (
    "DB_CONNECTIONS: this host's processes may open {need} connections, and the database allows {most} to all hosts."
    " Web leaves some of them to the workers, and answers 503 beyond that."
)


def check(settings: Settings, names: Collection[str]) -> None:
    """Raise SettingsError with one line on what would keep these processes from working."""
    plans.table()
    texts.all_texts()
    sealing.keys()
    _check_ports(settings, names)
    _check_databases(settings, names)
    if not settings.redis_embedded:
        _check_redis(settings.redis_url)
    if settings.has_own_broker:
        _check_broker(settings.broker_url)
    _check_uploads(settings.uploads_url)


def _check_ports(settings: Settings, names: Collection[str]) -> None:
    with ExitStack() as sockets:
        # All stay bound until the last is checked, or two settings could name the same port.
        if WEB in names:
            sockets.enter_context(_bind("PORT", settings.host, settings.port))
        if FLOWER in names:
            sockets.enter_context(_bind("FLOWER_PORT", FLOWER_HOST, settings.flower_port))


def _bind(setting: str, host: str, port: int) -> socket.socket:
    address = numeric_address(host)
    listener = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((address, port))
        listener.listen(1)  # with SO_REUSEADDR two sockets may be bound to a port, but only one listens
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRNOTAVAIL:
            raise _no_address(host) from None
        raise SettingsError(f"{setting}={port}: cannot listen on {host} port {port}: {error.strerror}") from None
    return listener


def numeric_address(host: str) -> str:
    """Resolve a host's name: the web server takes no names."""
    try:
        entries = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        raise _no_address(host) from None
    *_, address = min(entries, key=lambda entry: entry[0] != socket.AF_INET)
    return str(address[0])


def _no_address(host: str) -> SettingsError:
    return SettingsError(f"HOST={host!r}: expected an address of this machine")


def _check_databases(settings: Settings, names: Collection[str]) -> None:
    if settings.database_url.startswith("sqlite:"):
        return
    # A pooler opens as many as its own settings say.
    need = 0 if settings.database_pooled else budget.of_host(settings, names)
    _check_database("DATABASE_URL", settings.database_url, need)
    if settings.database_direct_url:
        _check_database("DATABASE_DIRECT_URL", settings.database_direct_url, need)


def _check_database(name: str, url: str, need: int) -> None:
    setting = f"{name}={mask_password(url).replace('+psycopg', '', 1)!r}"
    try:
        engine = create_engine(url, poolclass=NullPool, connect_args={"connect_timeout": ANSWER_SECONDS})
        with engine.connect() as db:
            _warn_of_limit(db, need)
    except (ArgumentError, ValueError):
        raise SettingsError(f"{setting}: this is not a valid URL") from None
    except DBAPIError as error:
        raise SettingsError(f"{setting}: the database does not answer: {error.orig}") from None


def _warn_of_limit(db: Connection, need: int) -> None:
    """Say on stderr when these processes may open more connections than the server lets them."""
    most = connection_limits.of(db).most
    if need > most:
        warning = WARNING.format(need=need, most=most)
        print(output.format_line(RUNNER, warning, settings.get().log_format), file=sys.stderr)


def _check_redis(url: str) -> None:
    setting = f"REDIS_URL={mask_password(url)!r}"
    try:
        ping(url)
    except ValueError:
        raise SettingsError(f"{setting}: this is not a valid URL") from None
    except (RedisError, OSError) as error:
        raise SettingsError(f"{setting}: the broker does not answer: {error}") from None


def _check_broker(url: str) -> None:
    setting = f"BROKER_URL={mask_password(url)!r}"
    try:
        with celery_app.app().connection_for_write() as connection:
            connection.ensure_connection(max_retries=1, interval_start=0, timeout=ANSWER_SECONDS)
    except (KeyError, ImportError, ValueError):
        raise SettingsError(f"{setting}: Celery does not know this broker, or its package is missing") from None
    except queues.away_errors() as error:
        raise SettingsError(f"{setting}: the broker does not answer: {error}") from None


def _check_uploads(url: str) -> None:
    try:
        upload_store.create()
        upload_store.check()
    except (Unavailable, OSError) as error:
        reason = error.__cause__ or error
        raise SettingsError(f"UPLOADS_URL={url!r}: cannot be written and read: {reason}") from None


def ping(url: str) -> None:
    """Return when the broker answers; raise RedisError or ValueError when it does not."""
    with connect_to_broker(url) as client:
        client.ping()


def connect_to_broker(url: str) -> Redis:
    no_retry = Retry(NoBackoff(), 0)
    return broker.connect(url, socket_connect_timeout=ANSWER_SECONDS, socket_timeout=ANSWER_SECONDS, retry=no_retry)


def mask_password(url: str) -> str:
    url = re.sub(r"//([^/:@]*):.*@", r"//\1:***@", url)
    return re.sub(r"(?i)(password=)[^&]*", r"\1***", url)
