"""What makes an item valid: one rule a line, each with its error code."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import can_ada

LONGEST_URL = 2048
LONGEST_TITLE = 500
LONGEST_PASSWORD = 128
LONGEST_TAG = 50
MOST_TAGS = 20
LONGEST_UTM = 255
LONGEST_EXTERNAL_ID = 255
LARGEST_WHOLE = 2**31 - 1

CONTROL = re.compile(r"[\x00-\x1f\x7f]")
SLUG = re.compile(r"[A-Za-z0-9_-]{1,64}")
WHOLE = re.compile(r"[0-9]{1,10}")
MOMENT = re.compile(r"\d{4}-\d\d-\d\d([T ](?!24)\d\d:\d\d(:\d\d([.,]\d{1,9})?)?( ?(Z|[+-]\d\d(:?\d\d)?))?)?", re.ASCII)


class Refused(ValueError):
    """A value that breaks its rule; the message says why, in words for the one who sent it."""


def url(value: str) -> str:
    text = value.strip(" ")
    if not text:
        raise Refused("the URL is missing")
    if CONTROL.search(text):
        raise Refused("the URL has a control character")
    try:
        parsed = can_ada.parse(text)
    except (ValueError, TypeError, UnicodeError):
        raise Refused("this is not a URL with a scheme and a host") from None
    if parsed.protocol not in ("http:", "https:"):
        raise Refused("only http:// and https:// can be shortened")
    if parsed.has_credentials():
        raise Refused("the URL has a user or password in it")
    if len(parsed.href) > LONGEST_URL:
        raise Refused(f"the URL is longer than {LONGEST_URL:,} characters")
    return str(parsed.href)


def slug(value: str) -> str:
    text = value.strip(" ")
    if not SLUG.fullmatch(text):
        raise Refused("a slug has 1 to 64 of the characters A-Z a-z 0-9 _ -")
    return text


def title(value: str) -> str:
    return _text(value, LONGEST_TITLE, "title")


def password(value: str) -> str:
    return _text(value, LONGEST_PASSWORD, "password")


def external_id(value: str) -> str:
    return _text(value.strip(" "), LONGEST_EXTERNAL_ID, "external_id")


def utm(value: str) -> str:
    return _text(value, LONGEST_UTM, "UTM value")


def group(value: str | int) -> str:
    return _text(str(value).strip(" "), LONGEST_EXTERNAL_ID, "group")


def expires_at(value: str) -> str:
    text = value.strip(" ").upper()
    if not MOMENT.fullmatch(text):
        raise Refused("expires_at is a time as ISO 8601 writes it, like 2027-12-31T23:59:59Z")
    try:
        moment = datetime.fromisoformat(text.replace(" Z", "Z").replace(",", "."))
        return stored(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError) as error:
        raise Refused(f"expires_at is no time: {error}") from None


def ttl(value: str | int) -> int:
    return _whole(value, "ttl")


def max_clicks(value: str | int) -> int:
    return _whole(value, "max_clicks")


def tags(value: str | list[Any]) -> list[str]:
    names = value.split("|" if "|" in value else ",") if isinstance(value, str) else value
    if len(names) > MOST_TAGS:
        raise Refused(f"more than {MOST_TAGS} tags")
    if not all(isinstance(name, str) for name in names):
        raise Refused("a tag is a name")
    cleaned = [_text(name.strip(" "), LONGEST_TAG, "tag") for name in names]
    if "" in cleaned:
        raise Refused("a tag without a name")
    return list(dict.fromkeys(cleaned))


def stored(moment: datetime) -> str:
    """A time as both stores keep it: UTC, without saying so."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "seconds")


def expiry_after(now: datetime, seconds: int) -> str:
    return stored(now + timedelta(seconds=seconds))


def _text(value: str, longest: int, what: str) -> str:
    if len(value) > longest:
        raise Refused(f"the {what} is longer than {longest} characters")
    if "\0" in value:
        raise Refused(f"the {what} has a NUL character")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Refused(f"the {what} has half of a surrogate pair") from None
    return value


def _whole(value: str | int, what: str) -> int:
    text = str(value).strip(" ")
    if not WHOLE.fullmatch(text) or not 1 <= int(text) <= LARGEST_WHOLE:
        raise Refused(f"{what} is a whole number from 1 to {LARGEST_WHOLE:,}")
    return int(text)


@dataclass(frozen=True, slots=True)
class Rule:
    field: str
    code: str
    types: tuple[type, ...]
    """What JSON may have here; CSV has text, of course."""
    judge: Callable[[Any], Any]


RULES = (
    Rule("url", "INVALID_URL", (str,), url),
    Rule("slug", "INVALID_SLUG", (str,), slug),
    Rule("title", "INVALID_TITLE", (str,), title),
    Rule("password", "INVALID_PASSWORD", (str,), password),
    Rule("expires_at", "INVALID_EXPIRY", (str,), expires_at),
    Rule("ttl", "INVALID_TTL", (int,), ttl),
    Rule("max_clicks", "INVALID_MAX_CLICKS", (int,), max_clicks),
    Rule("tags", "INVALID_TAGS", (list,), tags),
    Rule("group", "UNKNOWN_GROUP", (str, int), group),
    Rule("utm_source", "INVALID_UTM", (str,), utm),
    Rule("utm_medium", "INVALID_UTM", (str,), utm),
    Rule("utm_campaign", "INVALID_UTM", (str,), utm),
    Rule("utm_term", "INVALID_UTM", (str,), utm),
    Rule("utm_content", "INVALID_UTM", (str,), utm),
    Rule("external_id", "INVALID_EXTERNAL_ID", (str,), external_id),
)
