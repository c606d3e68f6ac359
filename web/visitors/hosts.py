"""Which domain is asked for: what the Host header says, remembered for a second."""

import re
import time
from ipaddress import ip_address
from typing import NamedTuple

from flask import Response, request
from sqlalchemy.exc import SQLAlchemyError

from models import process_caches, settings, store
from models.accounts import domains
from models.accounts.domains import Domain
from models.errors import NotFound
from web.visitors import texts, visitor_pages

SECONDS = 1.0
MOST = 1000  # hosts remembered: anybody can send any
HOST = re.compile(r"([a-z0-9_-]+(?:\.[a-z0-9_-]+)*)\.?(?::[0-9]{0,5})?", re.IGNORECASE)


class Known(NamedTuple):
    domain: Domain
    until: float


known: dict[str, Known] = process_caches.container({})


def of(host: str) -> Domain:
    """The domain of a Host header; the default one when nobody has that host."""
    found = known.get(host)
    if found is None or found.until < time.monotonic():
        if len(known) >= MOST:
            known.clear()
        found = known[host] = Known(_find(host), time.monotonic() + SECONDS)
    return found.domain


def only_redirects() -> Response | None:
    """On a hostname of a customer's there is nothing but his short links."""
    if request.blueprint == "redirect" or not custom(request.environ.get("HTTP_HOST", "")):
        return None
    return visitor_pages.refused(NotFound(texts.of("unknown")))


def custom(host: str) -> bool:
    """Whether a host is a customer's; none is while the database is away, so that /healthz can still be asked."""
    name = bare(host)
    if host.lower() == settings.get().authority or not name or _numeric(name):
        return False
    try:
        return not of(host).is_default
    except SQLAlchemyError:
        return False


def _find(host: str) -> Domain:
    with store.read() as db:
        return domains.find_for_host(db, bare(host))


def bare(host: str) -> str:
    """Without port and last dot, in lower case; empty when it is no host's name."""
    found = HOST.fullmatch(host)
    return found[1].lower() if found and len(found[1]) <= 253 else ""


def _numeric(name: str) -> bool:
    try:
        return bool(ip_address(name))
    except ValueError:
        return False
