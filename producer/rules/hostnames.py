"""Hostnames of custom domains, as they are kept: lower case, ASCII, no dot at the end."""

import re

import can_ada

from producer.fields.item_rules import InvalidValue

LONGEST = 253
LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
HOSTNAME = re.compile(rf"({LABEL}\.)+{LABEL}")
OTHER_PARTS = re.compile(r"[\x00-\x20\x7f%:/?#@\[\]\\]")
WRONG = "a hostname is a name like go.example.com, without scheme, port or path"


def normal(text: str) -> str:
    """The hostname in the one spelling that a browser sends; raises InvalidValue for what is none."""
    name = text.strip(" ").removesuffix(".")
    try:
        hostname = "" if OTHER_PARTS.search(name) else str(can_ada.parse(f"http://{name}/").hostname)
    except (ValueError, TypeError, UnicodeError):
        hostname = ""
    if len(hostname) > LONGEST or not HOSTNAME.fullmatch(hostname) or hostname.rpartition(".")[2].isdigit():
        raise InvalidValue(WRONG)
    return hostname
