"""Settings: one frozen value, read from the environment. A bad variable is an error that names it."""

import hashlib
import os
import re
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import can_ada

from models import process_caches, redis_url
from models.errors import SettingsError

T = TypeVar("T")

SOCKET_PATH_LIMIT = 100  # the kernel accepts 107 bytes; this leaves room for a suffix


@dataclass(frozen=True, slots=True)
class Settings:
    host: str
    port: int
    base_url: str
    base_url_is_set: bool
    data_dir: Path
    database_url: str
    database_read_url: str
    database_pooled: bool
    database_direct_url: str
    db_connections: int
    redis_url: str
    redis_embedded: bool
    broker_url: str
    uploads_url: str
    workers: int
    flower_port: int
    flower_basic_auth: str
    allow_private_targets: bool
    allowed_ports: tuple[int, ...]
    allow_unproven_domains: bool
    max_upload_bytes: int
    sync_wait_seconds: int
    retention_days: int
    trusted_proxies: int
    plans: str
    secret_key_file: str
    log_format: str

    @property
    def session_url(self) -> str:
        """The database for processes that need a session of their own there: workers and commands."""
        return self.database_direct_url or self.database_url

    @property
    def authority(self) -> str:
        """The default domain's hostname, with its port unless that is the scheme's default."""
        return urlsplit(self.base_url).netloc.lower()

    @property
    def has_own_broker(self) -> bool:
        """Wake-ups go through another server than signals and limits."""
        return self.broker_url != self.redis_url

    @property
    def broker_is_redis(self) -> bool:
        return redis_url.is_redis(self.broker_url)


@process_caches.function
@cache
def get() -> Settings:
    """Return this process's settings, which are read once."""
    return load(os.environ)


def load(env: Mapping[str, str]) -> Settings:
    def read(name: str, default: str, parse: Callable[[str], T]) -> T:
        text = env.get(name, "").strip() or default
        try:
            return parse(text)
        except ValueError as error:
            raise SettingsError(f"{name}={mask_passwords(name, text)!r}: expected {error}") from None

    port = read("PORT", "8000", _port)
    data_dir = read("DATA_DIR", "./var", _folder)
    pooled = read("DATABASE_POOLED", "0", _switch)
    redis = read("REDIS_URL", f"unix://{socket_path(data_dir)}", redis_url.check)
    return Settings(
        host=read("HOST", "127.0.0.1", str),
        port=port,
        base_url=read("BASE_URL", f"http://localhost:{port}", _base_url),
        base_url_is_set=bool(env.get("BASE_URL", "").strip()),
        data_dir=data_dir,
        database_url=read("DATABASE_URL", f"sqlite:///{data_dir}/linkmill.db", _database_url),
        database_read_url=read("DATABASE_READ_URL", "", _replica_url),
        database_pooled=pooled,
        database_direct_url=read("DATABASE_DIRECT_URL", "", _direct_url(pooled)),
        db_connections=read("DB_CONNECTIONS", "24", _between(2, 1000)),
        redis_url=redis,
        redis_embedded=not env.get("REDIS_URL", "").strip(),
        broker_url=read("BROKER_URL", redis, _broker_url),
        uploads_url=read("UPLOADS_URL", f"{data_dir}/uploads", _uploads_url),
        workers=read("WORKERS", str(os.cpu_count() or 1), _between(1, 1024)),
        flower_port=read("FLOWER_PORT", "5555", _port),
        flower_basic_auth=read("FLOWER_BASIC_AUTH", "", _pair),
        allow_private_targets=read("ALLOW_PRIVATE_TARGETS", "0", _switch),
        allowed_ports=read("ALLOWED_PORTS", "80,443", _ports),
        allow_unproven_domains=read("ALLOW_UNPROVEN_DOMAINS", "0", _switch),
        max_upload_bytes=read("MAX_UPLOAD_BYTES", str(2 << 30), _between(1, 1 << 50)),
        sync_wait_seconds=read("SYNC_WAIT_SECONDS", "25", _between(0, 600)),
        retention_days=read("RETENTION_DAYS", "30", _between(0, 36500)),
        trusted_proxies=read("TRUSTED_PROXIES", "0", _between(0, 32)),
        plans=read("PLANS", "", _toml_file),
        secret_key_file=read("SECRET_KEY_FILE", "", _file),
        log_format=read("LOG_FORMAT", _usual_log_format(), _one_of("json", "text")),
    )


def _usual_log_format() -> str:
    """People read a terminal; programs read everything else."""
    return "text" if sys.stderr.isatty() else "json"


def socket_path(data_dir: Path) -> Path:
    """Return where the embedded broker listens: beside the data, or in a private folder if that path is too long."""
    inside = data_dir / "broker" / "valkey.sock"
    if len(os.fsencode(inside)) <= SOCKET_PATH_LIMIT:
        return inside
    mark = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"linkmill-{os.getuid()}-{mark}" / "valkey.sock"


def mask_passwords(name: str, text: str) -> str:
    """Return a value that may be printed: without the passwords that URLs and pairs contain."""
    if name.endswith("_AUTH"):
        return "***"
    return re.sub(r"password=[^&]*", "password=***", re.sub(r"//([^/@:]*):.*@", r"//\1:***@", text))


def _between(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,18}", text) or not low <= int(text) <= high:
            raise ValueError(f"a whole number from {low} to {high}")
        return int(text)

    return parse


_port = _between(1, 65535)


def _ports(text: str) -> tuple[int, ...]:
    try:
        return tuple(_port(part.strip()) for part in text.split(","))
    except ValueError:
        raise ValueError("port numbers separated by commas, like 80,443") from None


def _one_of(*words: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in words:
            raise ValueError(" or ".join(words))
        return text

    return parse


def _switch(text: str) -> bool:
    if text not in ("0", "1"):
        raise ValueError("0 or 1")
    return text == "1"


def _pair(text: str) -> str:
    if text and not re.fullmatch(r"[^:,]+:[^,]+", text):
        raise ValueError("user:password, without commas and neither of them empty")
    return text


def _folder(text: str) -> Path:
    path = Path(text).expanduser().absolute()
    if path.exists() and not path.is_dir():
        raise ValueError("a folder, but this is a file")
    return path


def _base_url(text: str) -> str:
    try:
        parsed = can_ada.parse(text)
    except ValueError:
        parsed = None
    if not parsed or not _ORIGIN.fullmatch(text) or parsed.protocol not in ("http:", "https:"):
        raise ValueError("http:// or https:// and a host, without a path")
    return str(parsed.origin)


_ORIGIN = re.compile(r"https?://[^/?#@\s\\]+/?", re.IGNORECASE)


_POSTGRESQL = ("postgresql+psycopg", r"[^/]*/.+")
_STORES = {
    "sqlite": ("sqlite", r"/.+"),
    "postgres": _POSTGRESQL,
    "postgresql": _POSTGRESQL,
    "postgresql+psycopg": _POSTGRESQL,
}
"""The scheme that users write, to SQLAlchemy's scheme and the pattern of what follows."""


def _database_url(text: str) -> str:
    scheme, _, rest = text.partition("://")
    driver, form = _STORES.get(scheme, ("", "(?!)"))
    if not re.fullmatch(form, rest):
        raise ValueError("postgresql://user@host:port/name or sqlite:///path")
    return f"{driver}://{rest}"


def _replica_url(text: str) -> str:
    is_server = text.startswith("postgres")
    if text and not is_server:
        raise ValueError("postgresql://user@host:port/name, a replica of DATABASE_URL")
    return text and _database_url(text)


def _direct_url(pooled: bool) -> Callable[[str], str]:
    """A pooler has no sessions, and workers need some; without one there is nothing to go around."""

    def parse(text: str) -> str:
        is_server = text.startswith("postgres")
        if pooled != is_server:
            raise ValueError("postgresql://user@host:port/name with DATABASE_POOLED=1, and nothing without")
        return text and _database_url(text)

    return parse


def _broker_url(text: str) -> str:
    if redis_url.is_redis(text):
        return redis_url.check(text)
    if not re.match(r"[a-z0-9+.]+://", text):
        raise ValueError("amqp://user:password@host:5672/name, a URL as in REDIS_URL, or another that Celery knows")
    return text


def _uploads_url(text: str) -> str:
    if "://" in text and not re.match("s3://[^/]|file://|memory://", text):
        raise ValueError("a folder or s3://bucket/prefix")
    return text


def _file(text: str) -> str:
    if text and not Path(text).is_file():
        raise ValueError("a file that exists")
    return text


def _toml_file(text: str) -> str:
    if text and not Path(text).is_file():
        raise ValueError("a TOML file that exists")
    return text
