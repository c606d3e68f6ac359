"""URLs of Redis: a server, a socket, or the sentinels that know which server is the master."""

import re
from typing import NamedTuple

SENTINEL_PORT = 26379
MASTER = "mymaster"
DIRECT = ("redis://", "rediss://", "unix://")
SENTINEL = "sentinel://"
SENTINEL_FORM = re.compile(
    r"sentinel://((?P<user>[^:@/]*):(?P<password>[^@/]*)@)?(?P<hosts>[\w.-]+(:\d+)?(,[\w.-]+(:\d+)?)*)"
    r"(/(?P<database>\d*))?(\?master=(?P<master>[\w.-]+))?"
)
EXPECTED = "redis://host:port/0, rediss://, unix:///path or sentinel://host:26379,host:26379/0?master=mymaster"


class Sentinels(NamedTuple):
    """The servers that know the master of a name, and how to sign in to that master."""

    hosts: tuple[tuple[str, int], ...]
    master: str
    user: str
    password: str
    database: int

    def celery_url(self) -> str:
        """Return the URL as Celery writes it; the master's name is an option of the transport there."""
        secret = f"{self.user}:{self.password}@" if self.password else ""
        return ";".join(f"{SENTINEL}{secret}{host}:{port}/{self.database}" for host, port in self.hosts)


def check(text: str) -> str:
    """Return a URL of Redis; raise ValueError with what is expected."""
    if text.startswith(DIRECT):
        return text
    if SENTINEL_FORM.fullmatch(text):
        return text
    raise ValueError(EXPECTED)


def is_redis(url: str) -> bool:
    return url.startswith((*DIRECT, SENTINEL))


def is_sentinel(url: str) -> bool:
    return url.startswith(SENTINEL)


def parse_sentinel(url: str) -> Sentinels:
    match = SENTINEL_FORM.fullmatch(url)
    if match is None:
        raise ValueError(EXPECTED)
    hosts: list[tuple[str, int]] = []
    for part in match["hosts"].split(","):
        host, _, port = part.partition(":")
        hosts.append((host, int(port or SENTINEL_PORT)))
    return Sentinels(
        tuple(hosts),
        match["master"] or MASTER,
        match["user"] or "",
        match["password"] or "",
        int(match["database"] or 0),
    )
