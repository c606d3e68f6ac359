"""The domain of a request, by its Host header; cached for a second, or a minute while the database is away."""

import re
import time
from collections.abc import Iterable
from ipaddress import ip_address
from typing import NamedTuple
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Response, request
from sqlalchemy.exc import SQLAlchemyError

from models import process_caches, settings, store
from models.accounts import domains
from models.accounts.domains import Domain
from models.errors import BadRequest, NotFound
from web import errors
from web.visitors import texts, visitor_pages

CACHE_SECONDS = 1.0
AWAY_SECONDS = 60.0
MOST_CACHED = 1000  # a client can send any host
HOST = re.compile(r"([a-z0-9_-]+(?:\.[a-z0-9_-]+)*)\.?(?::[0-9]{0,5})?", re.IGNORECASE)
LONGEST_HOST = 253
HOST_IS_OPTIONAL = ("HTTP/1", "HTTP/1.0", "HTTP/0.9")


class OneHost:
    """WSGI middleware that refuses requests with several Host headers or none.

    Proxies and servers do not agree on which of several counts. The server joins them with commas, which no hostname
    has. Only HTTP/1.0 may leave the header out, as the health checks of some balancers do.
    """

    def __init__(self, app: WSGIApplication) -> None:
        self.app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        host = environ.get("HTTP_HOST", "")
        if "," in host or (not host and environ["SERVER_PROTOCOL"] not in HOST_IS_OPTIONAL):
            return errors.problem(400, BadRequest.code, "Send exactly one Host header.")(environ, start_response)
        return self.app(environ, start_response)


class CachedDomain(NamedTuple):
    domain: Domain
    read_at: float

    @property
    def age(self) -> float:
        return time.monotonic() - self.read_at


cached_domains: dict[str, CachedDomain] = process_caches.container({})


def domain_of(host: str) -> Domain:
    """Return the domain of a Host header; the default one when no domain has that hostname."""
    cached = cached_domains.get(host)
    if cached is not None and cached.age < CACHE_SECONDS:
        return cached.domain
    try:
        domain = _read_domain(host)
    except SQLAlchemyError:
        if cached is not None and cached.age < AWAY_SECONDS:
            return cached.domain
        raise
    if len(cached_domains) >= MOST_CACHED:
        cached_domains.clear()
    cached_domains[host] = CachedDomain(domain, time.monotonic())
    return domain


def refuse_other_routes() -> Response | None:
    """Serve nothing but short links on a custom hostname."""
    if request.blueprint == "redirect" or not is_custom(request.environ.get("HTTP_HOST", "")):
        return None
    return visitor_pages.answer_error(NotFound(texts.get("unknown")))


def is_custom(host: str) -> bool:
    """Whether a host is a workspace's own. While the database is away none is, so that /healthz still answers."""
    hostname = normalize(host)
    if host.lower() == settings.get().authority or not hostname or _is_address(hostname):
        return False
    try:
        return not domain_of(host).is_default
    except SQLAlchemyError:
        return False


def normalize(host: str) -> str:
    """Remove port and final dot, in lower case; return an empty text when this is not a hostname."""
    match = HOST.fullmatch(host)
    if match is None or len(match[1]) > LONGEST_HOST:
        return ""
    return match[1].lower()


def _read_domain(host: str) -> Domain:
    with store.read() as db:
        return domains.find_for_host(db, normalize(host))


def _is_address(hostname: str) -> bool:
    try:
        return bool(ip_address(hostname))
    except ValueError:
        return False
