"""The tags of a page as browsers see them, found in one pass: no input is scanned twice."""

import re
from collections.abc import Iterator
from typing import NamedTuple

# Every quantifier is possessive, and whatever may be closed may also end with the text, so nothing backtracks.
_ATTRIBUTE = r"""[\s/]*+([^\s/>][^\s/>=]*+)(?:\s*+=\s*+("[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z)|[^\s>]*+))?+"""
ATTRIBUTE = re.compile(_ATTRIBUTE)
COMMENT = r"<!--(?:-?>|.*?(?:--!?>|\Z))|<[!?][^>]*+"
TAG = re.compile(rf"{COMMENT}|<(/?)([a-zA-Z][^\s/>]*+)((?:{_ATTRIBUTE})*+[\s/]*+)>?", re.DOTALL)

RAW_TEXT_TAGS = ("script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes")
RAW_TEXT_ENDS = {name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE) for name in RAW_TEXT_TAGS}
HIDING_TAGS = ("svg", "math", "template")  # a title inside of them is not the page's


class Tag(NamedTuple):
    name: str
    source: str
    """The attributes as they are written."""
    raw_text: str
    """The text of an element without child elements; when it is never closed, the text up to the next tag."""


def tags(text: str) -> Iterator[Tag]:
    """Yield the start tags that belong to the page itself."""
    position = 0
    hidden_depth = 0
    while match := TAG.search(text, position):
        position = match.end()
        is_end = bool(match[1])
        name = (match[2] or "").lower()
        source = match[3] or ""
        is_closed = source.endswith("/")
        if name in HIDING_TAGS:
            if is_end:
                hidden_depth = max(0, hidden_depth - 1)
            elif not is_closed:
                hidden_depth += 1
        elif name and not is_end and not (hidden_depth and is_closed):
            raw_text, position = _raw_text(name, text, position)
            if not hidden_depth:
                yield Tag(name, source, raw_text)


def _raw_text(name: str, text: str, start: int) -> tuple[str, int]:
    """Return the raw text of an element, and where it ends."""
    if name not in RAW_TEXT_ENDS:
        return "", start
    if match := RAW_TEXT_ENDS[name].search(text, start):
        return text[start : match.start()], match.start()
    return text[start:].partition("<")[0], len(text)


def attributes(tag: Tag) -> dict[str, str]:
    """Return the attributes by their names in lower case; the first of two equal names counts."""
    values: dict[str, str] = {}
    for name, value in ATTRIBUTE.findall(tag.source):
        if value[:1] in ("'", '"'):
            value = value.strip(value[0])
        values.setdefault(name.lower(), value)
    return values
