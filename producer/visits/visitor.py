"""What is stored about a visitor: a class of device, a country, the referring host. Never an address."""

import re
from functools import cache, lru_cache
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import maxminddb
import structlog

from models import process_caches, settings

COUNTRIES_FILE = "country.mmdb"
MAPPED_IPV4_PREFIX = "::ffff:"  # as a socket for both kinds of addresses shows an IPv4 address
MAX_AGENT_LENGTH = 400
CACHED_HEADERS = 4096
MAX_HOST_LENGTH = 253

BOT_SIGNS = (
    # What bots call themselves. CUBOT makes phones.
    r"(?<!cu)bot\b", "bots?/", "crawl", "spider", "slurp", "preview", "headless", "monitor", "uptime", "archiver",
    # Messengers, social networks, and their services for previews of links. Pinterest's app names itself in brackets.
    "facebookexternalhit", "facebookcatalog", "meta-external", "whatsapp", "skypeuri", "slack-imgproxy", "^viber",
    "googlemessages", "web/snippet", r"(?<!\[)pinterest/", "vkshare", "kakaotalk-scrap", "line-poker", "cardyb",
    "mastodon/", "embedly", "iframely", "unfurl", "quora link", "outbrain", "xing-contenttab", "flipboardproxy",
    # Mail: what scans it, what shows its pictures, and Office, which fetches a link before it opens the browser.
    "barracuda", "mimecast", "proofpoint", "urldefense", "safelinks", "microsoft defender", "symantec", "messagelabs",
    "trend ?micro", "fortiguard", "fortinet", "fireeye", "trellix", "sophos", "cloudmark", "ironport", "zscaler",
    "netcraft", "virustotal", "urlscan", "google-safety", "googleimageproxy", "yahoomailproxy", "ms-office", "msoffice",
    "microsoft office", "microsoft-webdav",
    # What watches, checks and reads aloud.
    "w3c_validator", "lighthouse", "inspectiontool", "google-read-aloud", "feedfetcher", "phantomjs", "pingdom",
    "statuscake",
)  # fmt: skip
"""In lower case. A bot that is missing here takes uses of links with max_clicks; a person who matches gets none."""
BOT = re.compile("|".join(BOT_SIGNS))
TABLET = re.compile(r"ipad|tablet|playbook|silk/|kindle|android(?!.*mobi)")
MOBILE = re.compile(r"mobi|iphone|ipod|android|windows phone|opera mini|blackberry")
DESKTOP = re.compile(r"windows nt|macintosh|x11|cros |linux")
DEVICES = (("bot", BOT), ("tablet", TABLET), ("mobile", MOBILE), ("desktop", DESKTOP))
OTHER = "other"
HOST = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")

log = structlog.get_logger()


class VisitorKind(NamedTuple):
    """What the click of a visitor is counted by."""

    bot: bool
    device: str
    country: str
    referrer: str


def classify(agent: str, referrer: str, address: str) -> VisitorKind:
    """Classify a visitor by two headers and their address."""
    device = device_of(agent[:MAX_AGENT_LENGTH])
    host = referrer_host(referrer) if referrer else ""
    return VisitorKind(device == "bot", device, country_of(address), host)


@process_caches.function
@lru_cache(CACHED_HEADERS)
def device_of(agent: str) -> str:
    """Return the class of the first device whose pattern a user agent matches."""
    lowered = agent.lower()
    for name, pattern in DEVICES:
        if pattern.search(lowered):
            return name
    return OTHER


@process_caches.function
@lru_cache(CACHED_HEADERS)
def referrer_host(referrer: str) -> str:
    """Return the host's name, or nothing for an address or for what only looks like a name."""
    try:
        host = urlsplit(referrer).hostname or ""
    except ValueError:
        return ""
    host = host.rstrip(".").lower()
    return host if len(host) <= MAX_HOST_LENGTH and HOST.fullmatch(host) else ""


def country_of(address: str) -> str:
    """Return a country's two letters, or nothing without a file that lists the address."""
    countries = _countries()
    if countries is None:
        return ""
    try:
        entry: Any = countries.get(address.removeprefix(MAPPED_IPV4_PREFIX))
        code = entry["country"]["iso_code"]
    except (ValueError, KeyError, TypeError, maxminddb.InvalidDatabaseError):
        return ""
    return code if isinstance(code, str) and re.fullmatch(r"[A-Z]{2}", code) else ""


@process_caches.function
@cache
def _countries() -> maxminddb.Reader | None:
    path = settings.get().data_dir / COUNTRIES_FILE
    if not path.is_file():
        return None
    try:
        return maxminddb.open_database(path)
    except (OSError, maxminddb.InvalidDatabaseError) as error:
        log.warning("country_file_unreadable", path=str(path), reason=error)
        return None
