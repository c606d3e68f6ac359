"""The title of a page from anywhere: a bounded time and a bounded length for any input."""

import html
import re
from collections.abc import Iterator

from producer.fields.item_rules import LONGEST_TITLE
from producer.outside.page_charset import charset_of
from producer.outside.page_tags import attributes, tags

MAX_BYTES = 256 << 10
MAX_ENCODED = LONGEST_TITLE * 40  # the longest character reference has 33 characters
HTML_TYPES = ("text/html", "application/xhtml+xml")
SHARING_TITLES = ("og:title", "twitter:title")
BLANK = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
LONG_NUMBER = re.compile(r"&#[0-9]{100,};?")  # Python refuses to parse one of some thousand digits


def title_of(body: bytes, content_type: str) -> str | None:
    """Return a page's title, or else the title it gives to those who share it."""
    media_type = re.split("[;,]", content_type)[0].strip().lower()
    if media_type not in HTML_TYPES:
        return None
    body = body[:MAX_BYTES]
    text = body.decode(charset_of(body, content_type), "replace")
    titles: dict[str, str] = {}
    for name, title in _titles(text):
        if name == "title":
            return title
        titles.setdefault(name, title)
    for name in SHARING_TITLES:
        if name in titles:
            return titles[name]
    return None


def _titles(text: str) -> Iterator[tuple[str, str]]:
    """Yield every title that is not blank, in the order of the page."""
    for tag in tags(text):
        if tag.name == "title":
            name = "title"
            title = _clean(tag.raw_text)
        elif tag.name == "meta":
            values = attributes(tag)
            name = (values.get("property") or values.get("name", "")).lower()
            title = _clean(values.get("content", "")) if name in SHARING_TITLES else ""
        else:
            continue
        if title:
            yield name, title


def _clean(text: str) -> str:
    """Decode character references and collapse blanks. The text is cut before: decoding is the slow part."""
    short = BLANK.sub(" ", text)[:MAX_ENCODED]
    decoded = html.unescape(LONG_NUMBER.sub("\N{REPLACEMENT CHARACTER}", short))
    return BLANK.sub(" ", decoded).strip()[:LONGEST_TITLE].rstrip()
