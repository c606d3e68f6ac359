"""The title of a page that nobody vouches for."""

import html
import re
from collections.abc import Iterator

from producer.fields.item_rules import LONGEST_TITLE
from producer.outside.page_charset import charset_of
from producer.outside.page_tags import attributes, tags

MOST_BYTES = 256 << 10
MOST_ENCODED = LONGEST_TITLE * 40  # the longest character reference has 33 characters
PAGES = ("text/html", "application/xhtml+xml")
SHARED_AS = ("og:title", "twitter:title")
BLANK = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
ENDLESS_NUMBER = re.compile(r"&#[0-9]{100,};?")  # Python refuses to read one of some thousand digits


def title_of(body: bytes, content_type: str) -> str | None:
    """What a page calls itself: its title, or else what it gives to those who share it."""
    if re.split("[;,]", content_type)[0].strip().lower() not in PAGES:
        return None
    body = body[:MOST_BYTES]
    found: dict[str, str] = {}
    for name, value in _named(body.decode(charset_of(body, content_type), "replace")):
        if name == "title":
            return value
        found.setdefault(name, value)
    return next((found[name] for name in SHARED_AS if name in found), None)


def _named(text: str) -> Iterator[tuple[str, str]]:
    """Every name with any text in it, as the page gives them."""
    for tag in tags(text):
        if tag.name == "title" and (title := _clean(tag.raw)):
            yield "title", title
        elif tag.name == "meta":
            given = attributes(tag)
            name = (given.get("property") or given.get("name", "")).lower()
            if name in SHARED_AS and (title := _clean(given.get("content", ""))):
                yield name, title


def _clean(text: str) -> str:
    short = BLANK.sub(" ", text)[:MOST_ENCODED]
    decoded = html.unescape(ENDLESS_NUMBER.sub("\N{REPLACEMENT CHARACTER}", short))
    return BLANK.sub(" ", decoded).strip()[:LONGEST_TITLE].rstrip()
