"""What is kept of a visitor: a class of device, a country, the host that referred him. Never an address."""

import re
from functools import cache, lru_cache
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import maxminddb
import structlog

from models import process_caches, settings

COUNTRIES = "country.mmdb"
MAPPED = "::ffff:"  # an IPv4 address, as a socket for both kinds tells it
LONGEST_AGENT = 400
AGENTS_KNOWN = 4096
LONGEST_HOST = 253

BOT = re.compile(
    r"(?<!cu)bot\b|bots?/|crawl|spider|slurp|preview|facebookexternalhit|embedly|quora link|outbrain|pinterest/|vkshare"
    r"|whatsapp|skypeuripreview|w3c_validator|lighthouse|headless|phantomjs|monitor|uptime|pingdom|statuscake|archiver"
)
TABLET = re.compile(r"ipad|tablet|playbook|silk/|kindle|android(?!.*mobi)")
MOBILE = re.compile(r"mobi|iphone|ipod|android|windows phone|opera mini|blackberry")
DESKTOP = re.compile(r"windows nt|macintosh|x11|cros |linux")
DEVICES = (("bot", BOT), ("tablet", TABLET), ("mobile", MOBILE), ("desktop", DESKTOP))
OTHER = "other"
HOST = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")

log = structlog.get_logger()


class Kind(NamedTuple):
    """What one click is counted as."""

    bot: bool
    device: str
    country: str
    referrer: str


def kind(agent: str, referrer: str, address: str) -> Kind:
    found = device(agent[:LONGEST_AGENT])
    return Kind(found == "bot", found, country(address), referrer_host(referrer) if referrer else "")


@process_caches.function
@lru_cache(AGENTS_KNOWN)
def device(agent: str) -> str:
    lowered = agent.lower()
    return next((name for name, pattern in DEVICES if pattern.search(lowered)), OTHER)


@process_caches.function
@lru_cache(AGENTS_KNOWN)
def referrer_host(referrer: str) -> str:
    """The name of a host, or nothing: numbers and what only looks like a name are not kept."""
    try:
        host = urlsplit(referrer).hostname or ""
    except ValueError:
        return ""
    host = host.rstrip(".").lower()
    return host if len(host) <= LONGEST_HOST and HOST.fullmatch(host) else ""


def country(address: str) -> str:
    """Two letters, where there is a file that knows."""
    known = _countries()
    if known is None:
        return ""
    try:
        found: Any = known.get(address.removeprefix(MAPPED))
        code = found["country"]["iso_code"]
    except (ValueError, KeyError, TypeError, maxminddb.InvalidDatabaseError):
        return ""
    return code if isinstance(code, str) and re.fullmatch(r"[A-Z]{2}", code) else ""


@process_caches.function
@cache
def _countries() -> maxminddb.Reader | None:
    path = settings.get().data_dir / COUNTRIES
    if not path.is_file():
        return None
    try:
        return maxminddb.open_database(path)
    except (OSError, maxminddb.InvalidDatabaseError) as error:
        log.warning("countries_unreadable", path=str(path), reason=error)
        return None
