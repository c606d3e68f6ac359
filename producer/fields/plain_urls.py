"""Finds URLs that are surely spelled as a browser would write them, all of a column at once.

They have a host in lower case that ends with a word, no dot segments, and no character that a browser would encode.
"""

import string

import numpy as np
from numpy.typing import NDArray

from producer.fields.item_rules import LONGEST_URL

HTTP, HTTPS = b"http://", b"https://"
NEWLINE, HYPHEN, DOT, SLASH = b"\n-./"
SAFE, OF_HOST, OF_WORD, BEGINS_DOT_SEGMENT = 1, 2, 4, 8
"""What a byte may be."""

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]


def _classes() -> bytes:
    """What each byte is."""
    classes = np.zeros(256, np.uint8)
    for letters, is_what in (
        (string.ascii_letters + string.digits + "-._~/?&=+,;:!*()$%#\n", SAFE),
        (string.ascii_lowercase + string.digits + "-.", OF_HOST),
        (string.ascii_lowercase, OF_WORD),
        (".%", BEGINS_DOT_SEGMENT),
    ):
        classes[list(letters.encode())] |= is_what
    return classes.tobytes()


CLASSES = _classes()


def find_others(column: list[str]) -> list[int]:
    """The places of all other values. No value may have a line break."""
    data = "\n".join(column).encode() + b"\n"
    text = np.frombuffer(data, np.uint8)
    classes = np.frombuffer(data.translate(CLASSES), np.uint8)
    ends = np.flatnonzero(text == NEWLINE)
    starts = np.concatenate(([0], ends[:-1] + 1))
    is_plain = _have_plain_hosts(text, classes, starts) & (ends - starts <= LONGEST_URL)
    for is_bad in (
        (classes & SAFE) == 0,
        (text[:-1] == SLASH) & ((classes[1:] & BEGINS_DOT_SEGMENT) != 0),
        # It may be a host in another alphabet, which a browser checks.
        (text[:-1] == HYPHEN) & (text[1:] == HYPHEN),
    ):
        is_plain[np.searchsorted(ends, np.flatnonzero(is_bad))] = False
    places: list[int] = np.flatnonzero(~is_plain).tolist()
    return places


def _have_plain_hosts(text: Bytes, classes: Bytes, starts: Places) -> NDArray[np.bool]:
    """Whether each value has a scheme, a host whose last part is no number, and a slash behind it."""
    is_https = _begin_with(text, starts, HTTPS)
    begins = is_https | _begin_with(text, starts, HTTP)
    hosts = starts + np.where(is_https, len(HTTPS), len(HTTP))
    behind = _first_from(np.flatnonzero((classes & OF_HOST) == 0), hosts)
    outside_words = np.flatnonzero((classes & OF_WORD) == 0)
    before_word = outside_words[np.searchsorted(outside_words, behind) - 1]
    is_word = (behind - before_word > 1) & ((text[before_word] == DOT) | (before_word == hosts - 1))
    are_plain: NDArray[np.bool] = begins & is_word & (text[behind] == SLASH)
    return are_plain


def _begin_with(text: Bytes, starts: Places, beginning: bytes) -> NDArray[np.bool]:
    last = text.size - 1
    matches = np.ones(starts.size, np.bool)
    for place, letter in enumerate(beginning):
        matches &= text[np.minimum(starts + place, last)] == letter
    return matches


def _first_from(places: Places, begins: Places) -> Places:
    """The first of some places from each beginning on; the last one if there is none."""
    return places[np.minimum(np.searchsorted(places, begins), places.size - 1)]
