"""Hostnames of custom domains."""

import re

import can_ada

from producer.fields.item_rules import InvalidValue

LONGEST_HOSTNAME = 253
LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
HOSTNAME = re.compile(rf"({LABEL}\.)+{LABEL}")
# RFC 6761 and its successors, and names that private networks use: none can be proven to be anybody's.
SPECIAL_USE = frozenset("alt arpa example internal invalid lan local localdomain localhost onion test".split())
SPECIAL_SECOND_LEVEL = frozenset(("example.com", "example.net", "example.org"))
OTHER_URL_PARTS = re.compile(r"[\x00-\x20\x7f%:/?#@\[\]\\]")


def normalise(text: str) -> str:
    """The hostname as browsers send it: lower case, ASCII, no dot at the end. Raises InvalidValue."""
    hostname = _as_browsers_send(text.strip(" ").removesuffix("."))
    is_address = hostname.rpartition(".")[2].isdigit()
    if len(hostname) > LONGEST_HOSTNAME or not HOSTNAME.fullmatch(hostname) or is_address:
        raise InvalidValue("A hostname is a name such as go.example.com, without a scheme, port or path.")
    return hostname


def is_special_use(hostname: str) -> bool:
    """Whether a hostname belongs to nobody: it is reserved for documentation, tests or private networks."""
    labels = hostname.split(".")
    return labels[-1] in SPECIAL_USE or ".".join(labels[-2:]) in SPECIAL_SECOND_LEVEL


def _as_browsers_send(name: str) -> str:
    if OTHER_URL_PARTS.search(name):
        return ""
    try:
        return str(can_ada.parse(f"http://{name}/").hostname)
    except (ValueError, TypeError, UnicodeError):
        return ""
