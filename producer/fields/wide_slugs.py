"""Wide slugs: paths of letters of any script, as other services allow them; and how a domain spells its slugs."""

import re
from enum import StrEnum
from unicodedata import category, normalize

from producer.fields.item_rules import SLUG, InvalidValue

LONGEST_WIDE_SLUG = 190
LONGEST_SPELLING = 4 * LONGEST_WIDE_SLUG  # NFC makes one character of at most four
ASCII_PATH = re.compile(r"[A-Za-z0-9_.~-]+(?:/[A-Za-z0-9_.~-]+)*")
OTHER_CHARACTERS = "_-.~"
MARKS = ("Mn", "Mc")  # vowel signs and accents: words of many scripts cannot be written without them
LETTERS_AND_DIGITS = ("Lu", "Ll", "Lt", "Lm", "Lo", "Nd", *MARKS)
INVISIBLE = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")
DOTS = (".", "..")  # clients take these out of a path


class SlugKind(StrEnum):
    """Which slugs a job allows."""

    PLAIN = "plain"
    WIDE = "wide"


def wide_slug(value: str) -> str:
    """The slug in Unicode NFC."""
    slug = read(value.strip(" "))
    if slug is None:
        raise InvalidValue(
            f"A wide slug has 1 to {LONGEST_WIDE_SLUG} characters: letters, digits, _ - . ~ and /. "
            "Between slashes there must be something other than . and .."
        )
    return slug


def read(text: str) -> str | None:
    """The slug that a text spells, plain or wide; None when it spells none."""
    if SLUG.fullmatch(text):
        return text
    if len(text) > LONGEST_SPELLING:
        return None
    slug = normalize("NFC", text)
    if len(slug) > LONGEST_WIDE_SLUG or not _is_path(slug):
        return None
    return slug


def read_path(path: str) -> str | None:
    """The slug that the path of a WSGI request spells: its bytes are UTF-8, each in a character of its own."""
    if path.isascii():
        return read(path)
    try:
        return read(path.encode("latin-1").decode())
    except UnicodeError:
        return None


def spell(slug: str, case_sensitive: bool) -> str:
    """The slug as its domain stores and compares it: folded where case does not matter."""
    if case_sensitive:
        return slug
    if slug.isascii():
        return slug.lower()
    return normalize("NFC", slug.casefold())


def _is_path(slug: str) -> bool:
    if not slug.isascii():
        return INVISIBLE.search(slug) is None and all(map(_is_segment, slug.split("/")))
    return ASCII_PATH.fullmatch(slug) is not None and not any(dots in slug.split("/") for dots in DOTS)


def _is_segment(segment: str) -> bool:
    if segment in ("", *DOTS) or category(segment[0]) in MARKS:
        return False
    return all(character in OTHER_CHARACTERS or category(character) in LETTERS_AND_DIGITS for character in segment)
