"""The rules of item fields: each takes a value and returns it normalised, or raises InvalidValue."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

import can_ada

LONGEST_URL = 2048
LONGEST_TITLE = 500
LONGEST_PASSWORD = 128
LONGEST_TAG = 50
MOST_TAGS = 20
LONGEST_UTM = 255
LONGEST_COMMENT = 500
LONGEST_CUSTOM_ID = 255
LONGEST_EXTERNAL_ID = 255
LARGEST_INTEGER = 2**31 - 1

CONTROL = re.compile(r"[\x00-\x1f\x7f]")
SLUG = re.compile(r"[A-Za-z0-9_-]{1,64}")


class InvalidValue(ValueError):
    """A value that breaks its rule. The message is for the client who sent it."""


def url(value: str) -> str:
    """The URL as a browser would write it."""
    text = value.strip(" ")
    if not text:
        raise InvalidValue(URL_MISSING)
    if len(text) > LONGEST_URL:  # as it was sent: percent-encoded, it may become longer
        raise InvalidValue(f"The URL is longer than {LONGEST_URL:,} characters.")
    if CONTROL.search(text):
        raise InvalidValue("The URL contains characters that are not allowed, such as a tab or a line break.")
    try:
        parsed = can_ada.parse(text)
    except (ValueError, TypeError, UnicodeError):
        raise InvalidValue(NOT_A_URL) from None
    if parsed.protocol not in ("http:", "https:"):
        raise InvalidValue(f"The URL must start with http:// or https://, not with {parsed.protocol[:20]}")
    if parsed.has_credentials():
        raise InvalidValue("The URL must not contain a user name or password.")
    return str(parsed.href)


URL_MISSING = "The URL is missing."
NOT_A_URL = "This is not a URL. It must start with http:// or https://."


def add_scheme(text: str, scheme: str) -> str:
    """The text with a scheme in front, if it begins with a hostname."""
    url = text.strip(" ")
    if WITHOUT_SCHEME.fullmatch(url):
        return f"{scheme}://{url.removeprefix('//')}"
    return text


# The last label begins with no digit: 3.50 is no hostname.
WITHOUT_SCHEME = re.compile(r"(//)?[^\s/?#:@\\]+\.[^\s/?#:@\\.\d][^\s/?#:@\\.]*\.?(:\d+)?([/?#].*)?", re.DOTALL)


def slug(value: str) -> str:
    text = value.strip(" ")
    if not SLUG.fullmatch(text):
        raise InvalidValue("A slug has 1 to 64 characters: letters A-Z and a-z, digits, _ and -.")
    return text


def short_url(value: str) -> str:
    """The slug in a whole short URL."""
    text = slug_in(value)
    if text is None:
        raise InvalidValue("The short URL has no slug behind its domain.")
    return text


def slug_in(short_url: str) -> str | None:
    """The slug of a short URL, or None."""
    _, path = _host_and_path(short_url)
    slug = unquote(path).strip("/")
    return None if not slug or CONTROL.search(slug) else slug


def host_in(short_url: str) -> str:
    """The host of a short URL in lower case, or an empty text."""
    host, _ = _host_and_path(short_url)
    return host.lower()


def _host_and_path(short_url: str) -> tuple[str, str]:
    """Divide a short URL, which may lack its scheme. A text with neither scheme nor slash is a path."""
    text = short_url.strip(" ")
    rest = SCHEME.sub("", text)
    host, slash, path = QUERY.sub("", rest).partition("/")
    if not slash and rest == text:
        return "", host
    return host, path


SCHEME = re.compile(r"https?://", re.IGNORECASE)
QUERY = re.compile(r"[?#].*", re.DOTALL)


def domain(value: str) -> str:
    """The id or hostname by which the domains of a workspace are looked up."""
    return value.strip(" ").removesuffix(".").lower()


def title(value: str) -> str:
    return _text(value, LONGEST_TITLE, "title")


def password(value: str) -> str:
    return _text(value, LONGEST_PASSWORD, "password")


def external_id(value: str) -> str:
    return _text(value.strip(" "), LONGEST_EXTERNAL_ID, "external_id")


def comment(value: str) -> str:
    return _text(value, LONGEST_COMMENT, "comment")


def custom_id(value: str) -> str:
    return _text(value.strip(" "), LONGEST_CUSTOM_ID, "custom_id")


def utm(value: str) -> str:
    return _text(value, LONGEST_UTM, "UTM value")


def group(value: str | int) -> str:
    return _text(str(value).strip(" "), LONGEST_EXTERNAL_ID, "group")


def expires_at(value: str) -> str:
    return _moment(value, "expires_at")


def created_at(value: str) -> str:
    moment = _moment(value, "created_at")
    if moment > stored_time(datetime.now(UTC)):
        raise InvalidValue("created_at must not be in the future.")
    return moment


def _moment(value: str, what: str) -> str:
    text = value.strip(" ").upper()
    if not MOMENT.fullmatch(text):
        raise InvalidValue(f"{what} must be an ISO 8601 time, such as 2027-12-31T23:59:59Z.")
    try:
        moment = datetime.fromisoformat(text.replace(" Z", "Z").replace(",", "."))
        return stored_time(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError) as error:
        raise InvalidValue(f"{what} is not a valid time: {error}.") from None


# Hour 24 is left out: some versions of Python read it as the next day, others refuse it.
MOMENT = re.compile(r"\d{4}-\d\d-\d\d([T ](?!24)\d\d:\d\d(:\d\d([.,]\d{1,9})?)?( ?(Z|[+-]\d\d(:?\d\d)?))?)?", re.ASCII)


def ttl(value: str | int) -> int:
    return _integer(value, "ttl")


def max_clicks(value: str | int) -> int:
    return _integer(value, "max_clicks")


def clicks(value: str | int) -> int:
    return _integer(value, "clicks", least=0)


def disabled(value: str | bool) -> bool:
    answer = TRUTH_VALUES.get(str(value).strip(" ").lower())
    if answer is None:
        raise InvalidValue("disabled must be true or false.")
    return answer


TRUTH_VALUES = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def tags(value: str | list[Any]) -> list[str]:
    """The names, each once. In CSV they stand in one cell, divided by bars or commas."""
    names = _split_tags(value) if isinstance(value, str) else value
    if len(names) > MOST_TAGS:
        raise InvalidValue(f"An item can have at most {MOST_TAGS} tags.")
    cleaned = [_tag(name) for name in names]
    return list(dict.fromkeys(cleaned))


def _split_tags(text: str) -> list[str]:
    if "|" in text:
        return text.split("|")
    return text.split(",")


def _tag(name: Any) -> str:
    if not isinstance(name, str):
        raise InvalidValue("Each tag must be text.")
    text = _text(name.strip(" "), LONGEST_TAG, "tag")
    if not text:
        raise InvalidValue("A tag must not be empty.")
    return text


def stored_time(moment: datetime) -> str:
    """A time as both databases store it: in UTC, without a time zone."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "seconds")


def expiry_after(now: datetime, seconds: int) -> str:
    return stored_time(now + timedelta(seconds=seconds))


def _text(value: str, longest: int, what: str) -> str:
    if len(value) > longest:
        raise InvalidValue(f"The {what} is longer than {longest} characters.")
    if "\0" in value:
        raise InvalidValue(f"The {what} contains a NUL character, which is not allowed.")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidValue(f"The {what} contains an unpaired surrogate, which is not allowed.") from None
    return value


def _integer(value: str | int, what: str, least: int = 1) -> int:
    text = str(value).strip(" ")
    if not INTEGER.fullmatch(text) or not least <= int(text) <= LARGEST_INTEGER:
        raise InvalidValue(f"{what} must be a whole number from {least} to {LARGEST_INTEGER:,}.")
    return int(text)


INTEGER = re.compile(r"[0-9]{1,10}")
