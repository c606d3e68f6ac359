"""The tags of a page, as browsers see them, in one pass: no input makes it look at anything twice."""

import re
from collections.abc import Iterator
from typing import NamedTuple

# Every quantifier is possessive, and whatever may be closed may also end with the text: nothing is tried again.
_ATTRIBUTE = r"""[\s/]*+([^\s/>][^\s/>=]*+)(?:\s*+=\s*+("[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z)|[^\s>]*+))?+"""
ATTRIBUTE = re.compile(_ATTRIBUTE)
COMMENT = r"<!--(?:-?>|.*?(?:--!?>|\Z))|<[!?][^>]*+"
TAG = re.compile(rf"{COMMENT}|<(/?)([a-zA-Z][^\s/>]*+)((?:{_ATTRIBUTE})*+[\s/]*+)>?", re.DOTALL)
END_OF_RAW = {
    name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE)
    for name in ("script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes")
}
HIDING = ("svg", "math", "template")  # what is in them is not the page's own


class Tag(NamedTuple):
    name: str
    rest: str
    """Its attributes, as they stand there."""
    raw: str
    """The text of an element that holds no other; when it is never closed, up to the next tag."""


def tags(text: str) -> Iterator[Tag]:
    """The start tags of the page itself."""
    place, hidden = 0, 0
    while found := TAG.search(text, place):
        place = found.end()
        end, name, rest = found[1], (found[2] or "").lower(), found[3] or ""
        if name in HIDING:
            hidden = max(0, hidden + _step(end, rest))
        elif name and not end and not (hidden and rest.endswith("/")):
            raw, place = _raw(name, text, place)
            if not hidden:
                yield Tag(name, rest, raw)


def _step(end: str, rest: str) -> int:
    if end:
        return -1
    return 0 if rest.endswith("/") else 1


def _raw(name: str, text: str, start: int) -> tuple[str, int]:
    """The raw text of an element, and where it ends."""
    if name not in END_OF_RAW:
        return "", start
    if found := END_OF_RAW[name].search(text, start):
        return text[start : found.start()], found.start()
    return text[start:].partition("<")[0], len(text)


def attributes(tag: Tag) -> dict[str, str]:
    """By their names in lower case; the first of two equal ones counts."""
    found: dict[str, str] = {}
    for name, value in ATTRIBUTE.findall(tag.rest):
        found.setdefault(name.lower(), value.strip(value[0]) if value[:1] in ("'", '"') else value)
    return found
